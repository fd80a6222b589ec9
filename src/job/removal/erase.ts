import { z } from 'zod';
import { DAY_MS, type Limits } from '../../config.ts';
import type { ExecutorClient } from '../../runner/executor-client.ts';
import type { JobView } from '../record.ts';
import type { JobRow } from '../store.ts';
import { sessionIdOf } from '../view/view.ts';

/** What keeps a deleted job's conversation: other jobs that belong to it, and the ids of its copies. */
export interface KeptConversation {
  otherJobs: number;
  copies: string[];
}

/** A deleted job, and what is left of it. `isPending`: its files in the executor are still to be removed. */
export interface Removal extends KeptConversation {
  job: JobView;
  isPending: boolean;
}

/** Files of a deleted job in an executor that did not answer. `session` is absent if the conversation is kept. */
const Leftover = z.object({
  run: z.string(),
  account: z.string(),
  provider: z.string(),
  workspace: z.string().optional(),
  session: z.string().optional(),
  /** When the job was deleted, in ms since 1970. */
  since: z.number(),
});
export type Leftover = z.infer<typeof Leftover>;

/** Interval at which an executor that did not answer is asked again, in ms. */
const RETRY_MS = 3_600_000;
const KEY = 'leftover';

/** Refusals after which nothing is left to remove, or nothing can be: the files went with their container, or the executor is of an earlier version. */
const FINAL = ['run_not_found', 'bad_request', 'unknown_provider'];

/** Removes a run's files in its executor. False if that has to be tried again. */
async function eraseFiles(
  executor: Pick<ExecutorClient, 'erase'>,
  { run, account, provider, session }: Leftover,
): Promise<boolean> {
  const reply = await executor.erase(run, { account, provider, ...(session !== undefined && { session }) });
  return reply.kind === 'ok' || (reply.kind === 'refused' && FINAL.includes(reply.error.code));
}

/** The account of a job. */
interface Forgetting {
  removeJob: (id: string, provider: string, session: string | undefined) => Promise<KeptConversation>;
}

/** Removes a job with all that it keeps: in its account, in the executor and here. The alarm repeats what the executor did not do. */
export async function eraseJob(
  storage: DurableObjectStorage,
  store: { deleteAll: () => Promise<void> },
  of: Forgetting,
  executor: Pick<ExecutorClient, 'erase'>,
  row: JobRow,
  now: number,
): Promise<KeptConversation & { isPending: boolean }> {
  const { id: run, account, provider, workspace } = row.spec;
  const session = sessionIdOf(row);
  const { otherJobs, copies } = await of.removeJob(run, provider, session);
  const left: Leftover = { run, account, provider, workspace, session: otherJobs === 0 ? session : undefined, since: now };
  const isPending = !(await eraseFiles(executor, left));
  await store.deleteAll();
  if (isPending) await keepLeftover(storage, left, now);
  return { otherJobs, copies, isPending };
}

async function keepLeftover(storage: DurableObjectStorage, left: Leftover, now: number): Promise<void> {
  storage.kv.put(KEY, left);
  await storage.setAlarm(now + RETRY_MS);
}

/** Removes what is left of a deleted job, or tries again later; gives up after the retention, because executors remove old files themselves. */
export async function eraseLeftover(
  storage: DurableObjectStorage,
  executorOf: (left: Leftover) => Pick<ExecutorClient, 'erase'>,
  { retentionDays }: Limits,
  now: number,
): Promise<void> {
  const left = Leftover.safeParse(storage.kv.get(KEY)).data;
  if (!left || now - left.since > retentionDays * DAY_MS || (await eraseFiles(executorOf(left), left)))
    return storage.deleteAll();
  await keepLeftover(storage, left, now);
}
