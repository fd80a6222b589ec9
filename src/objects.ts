/** The object of an account: its jobs' index, policies, approvals, counters and audit log. */
export const accountOf = (env: Pick<Env, 'ACCOUNTS'>, { account }: { account: string }) => env.ACCOUNTS.getByName(account);

/** The object that keeps an account's API tokens and browser sessions. */
export const accessOf = (env: Pick<Env, 'ACCESS'>, { account }: { account: string }) => env.ACCESS.getByName(account);

/** The one object that maps the people of sign-in methods to accounts. */
export const directoryOf = (env: Pick<Env, 'DIRECTORY'>) => env.DIRECTORY.getByName('directory');

/** Name of a job's object. It holds the account, so that a foreign id and an unknown one lead to the same empty object. */
export const jobName = ({ account, id }: { account: string; id: string }) => `${account}/${id}`;
export const jobOf = (env: Pick<Env, 'JOBS'>, name: string) => env.JOBS.getByName(name);

/** The object that owns the container of an account's workspace. */
export const runnerOf = (env: Pick<Env, 'RUNNERS'>, account: string, workspace: string) =>
  env.RUNNERS.getByName(`${account}/${workspace}`);

/** Name of the job behind a run, given the name of its runner: both belong to one account. */
export const jobNameOfRun = (runner: string, run: string) => jobName({ account: runner.slice(0, runner.indexOf('/')), id: run });
