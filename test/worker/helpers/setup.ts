import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { WRANGLER_DIRECTORY } from '../../../scripts/local/environment.ts';
import type { ServiceSpec } from '../../../scripts/local/launch.ts';
import { startService } from '../../../scripts/local/service.ts';
import { executor, modelServer } from '../../../scripts/local/services.ts';
import { lockStateDirectory } from '../../../scripts/local/state.ts';
import { startKeyService } from '../../helpers/key-service.ts';

declare module 'vitest' {
  interface ProvidedContext {
    executorUrl: string;
    executorToken: string;
    modelUrl: string;
    keyServiceUrl: string;
  }
}

const TOKEN = 'test-executor-token';

/** The real executor, whose CLIs are all the scripted one. */
function scriptedExecutor(state: string): ServiceSpec {
  const spec = executor(state, TOKEN);
  const binary = join(import.meta.dirname, '../../fixtures/scripted-cli.mjs');
  const binaries = { EXECUTOR_SCRIPTED_BIN: binary, EXECUTOR_CLAUDE_BIN: binary, EXECUTOR_GROK_BIN: binary };
  const argv = () => ['test/fixtures/scripted-executor.ts'];
  return { ...spec, argv, env: (port) => ({ ...spec.env(port), ...binaries, EXECUTOR_MIN_FREE_DISK_BYTES: '0' }) };
}

/** Starts a real executor and the bundled model endpoint as plain processes, and tells the tests where they are. */
export default async function setup(project: TestProject) {
  mkdirSync(WRANGLER_DIRECTORY, { recursive: true });
  const state = mkdtempSync(join(WRANGLER_DIRECTORY, 'test-'));
  lockStateDirectory(state);
  const report = { print: console.warn, onFailure: console.error };
  const services = [scriptedExecutor(state), modelServer(state)].map((spec) => startService(spec, report));
  const keyService = await startKeyService();
  const stop = async () => {
    keyService.close();
    await Promise.all(services.map((service) => service.stop()));
    rmSync(state, { recursive: true });
  };
  const urls = await Promise.all(services.map((service) => service.url)).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  const [executorUrl = '', modelUrl = ''] = urls;
  project.provide('executorUrl', executorUrl);
  project.provide('executorToken', TOKEN);
  project.provide('modelUrl', modelUrl);
  project.provide('keyServiceUrl', keyService.url);
  return stop;
}
