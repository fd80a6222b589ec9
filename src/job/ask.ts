import type { ExecutorClient } from '../runner/executor-client.ts';
import type { StepAnswer } from './record.ts';
import type { JobRow } from './store.ts';

/** Where a step that a run asks about is put to a person. Resolves once it is kept there. */
export type PutQuestion = (ask: JobRow['progress']['asks'][number]) => Promise<void>;

/** What was passed on already, in either direction; a drive that begins anew passes it on again. */
export interface Passed {
  asked: Set<string>;
  answered: Set<string>;
}

/** Brings a run's open questions to where persons decide, and their answers to the run. What fails is tried again with the next step. */
export async function passOn(
  { spec, progress }: JobRow,
  executor: ExecutorClient,
  put: PutQuestion,
  { asked, answered }: Passed,
): Promise<void> {
  for (const ask of progress.asks.filter(({ id }) => !asked.has(id))) {
    const isKept = await put(ask).then(
      () => true,
      () => false,
    );
    if (isKept) asked.add(ask.id);
  }
  for (const [ask, answer] of Object.entries(progress.answers))
    if (!answered.has(ask) && (await tell(executor, spec.id, ask, answer))) answered.add(ask);
}

/** Tells a run what was answered. False where it could not be reached; a run that no longer asks has no use for it. */
export async function tell(executor: ExecutorClient, run: string, ask: string, answer: StepAnswer): Promise<boolean> {
  const reply = await executor.answer(run, { ask, ...answer });
  return reply.kind !== 'unreachable';
}
