import { app } from './app.ts';

export { Account } from './account/account.ts';
export { Job } from './job/job.ts';
export { Runner } from './runner/runner.ts';

export default app;
