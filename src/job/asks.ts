import type { ExecutorClient } from '../runner/executor-client.ts';
import type { StepAnswer } from './record.ts';
import type { JobRow } from './store.ts';

/** Opens the approval of a step that a run asks about. Resolves once the account has stored it. */
export type OpenApproval = (ask: JobRow['progress']['asks'][number]) => Promise<void>;

/** Ids of the asks that a drive has already delivered, by direction. A new drive delivers them again. */
export interface DeliveredAsks {
  toAccount: Set<string>;
  toRun: Set<string>;
}

/** Delivers a run's open asks to its account, and their answers to the run. The next step of the drive retries what fails. */
export async function syncAsks(
  { spec, progress }: JobRow,
  executor: ExecutorClient,
  openApproval: OpenApproval,
  { toAccount, toRun }: DeliveredAsks,
): Promise<void> {
  for (const ask of progress.asks.filter(({ id }) => !toAccount.has(id))) {
    const isOpen = await openApproval(ask).then(
      () => true,
      () => false,
    );
    if (isOpen) toAccount.add(ask.id);
  }
  for (const [ask, answer] of Object.entries(progress.answers))
    if (!toRun.has(ask) && (await sendAnswer(executor, spec.id, ask, answer))) toRun.add(ask);
}

/** Sends a run the answer to a step. Returns false without an answer of the executor; one that no longer asks needs no answer. */
export async function sendAnswer(executor: ExecutorClient, run: string, ask: string, answer: StepAnswer): Promise<boolean> {
  const reply = await executor.answer(run, { ask, ...answer });
  return reply.kind !== 'unanswered';
}
