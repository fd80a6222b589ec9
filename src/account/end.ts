import type { Settlement } from '../job/chores.ts';
import { close } from './ask.ts';
import type { Parts } from './context.ts';
import { otherFacts } from './tool-call.ts';

/** Ends a job's entry: its slot comes back, what it was expected to use gives way to what it used, its questions close. False where that had happened. */
export function end(parts: Parts, id: string, settlement: Settlement, now: number): boolean {
  const { store, counters, audit } = parts;
  const entry = store.find(id);
  if (!entry || !store.release(id, settlement)) return false;
  const { startedAt, finishedAt, costUsd, totalTokens, state, reason } = settlement;
  if (startedAt === undefined) counters.giveBack(id);
  else
    counters.settle(id, {
      'usage.costUsd': costUsd,
      'usage.totalTokens': totalTokens,
      runtimeSeconds: (finishedAt - startedAt) / 1_000,
    });
  close(parts, id, now);
  const { grant_id: grant, client, tool } = entry;
  audit.add(otherFacts('end', grant, state, now, { client, tool, reason, job: id, costUsd }));
  return true;
}
