import type { Config } from '../config.ts';
import { runnerOf } from '../objects.ts';
import { type ExecutorClient, executorClient } from './executor-client.ts';

/** The executor of an account's workspace: the one at EXECUTOR_URL, or else the workspace's container. */
export function executorOf(env: Pick<Env, 'RUNNERS'>, config: Config, account: string, workspace: string): ExecutorClient {
  const json = { 'content-type': 'application/json' };
  if (config.executorUrl !== undefined) {
    const base = config.executorUrl.replace(/\/$/, '');
    const headers = { ...json, authorization: `Bearer ${config.executorToken ?? ''}` };
    return executorClient((path, init) => fetch(`${base}${path}`, { ...init, headers }));
  }
  const runner = runnerOf(env, account, workspace);
  return executorClient((path, init) => runner.fetch(`http://executor${path}`, { ...init, headers: json }));
}
