import { Container } from '@cloudflare/containers';
import { readConfig } from '../config.ts';

/** One container of an account and workspace: it holds the CLIs and their executor. */
export class Runner extends Container<Env> {
  override defaultPort = 8080;
  override sleepAfter = '10m';
  override envVars = {
    EXECUTOR_TOKEN: readConfig(this.env).executorToken ?? '',
    EXECUTOR_HOST: '0.0.0.0',
    EXECUTOR_PORT: '8080',
  };
}
