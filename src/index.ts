import { app } from './app.ts';
import { purgeOAuth } from './auth/purge.ts';

export { ContainerProxy } from '@cloudflare/containers';
export { Account } from './account/account.ts';
export { Access } from './auth/access.ts';
export { Directory } from './auth/directory.ts';
export { Job } from './job/job.ts';
export { Runner } from './runner/runner.ts';

export default {
  fetch: app.fetch,
  scheduled: (_event, env) => purgeOAuth(env),
} satisfies ExportedHandler<Env>;
