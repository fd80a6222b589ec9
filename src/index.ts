import { app } from './app.ts';
import { purgeOAuth } from './auth/oauth/purge.ts';

export { ContainerProxy } from '@cloudflare/containers';
export { Account } from './account/account.ts';
export { Directory } from './auth/sign-in/directory.ts';
export { Access } from './auth/tokens/access.ts';
export { Job } from './job/job.ts';
export { Runner } from './runner/runner.ts';

export default {
  fetch: app.fetch,
  scheduled: (_event, env) => purgeOAuth(env),
} satisfies ExportedHandler<Env>;
