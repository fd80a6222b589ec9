import { isOver } from '../job/machine.ts';
import { totalTokens } from '../job/progress.ts';
import type { Parts } from './context.ts';
import { end } from './end.ts';
import type { Approval } from './tables/approvals.ts';
import type { Entry } from './tables/jobs.ts';

/** A young entry's job may still be about to be made: it is looked for after this, in ms. */
const YOUNG_MS = 30_000;

const NOBODY = 'nobody answered in time';

/** Carries a decision to the job that waits for it. Safe to repeat. */
export async function carry({ store, jobOf }: Parts, { kind, state, job, question, said }: Approval): Promise<void> {
  const entry = job === null ? undefined : store.find(job);
  if (!entry || state === 'pending') return;
  if (kind === 'step')
    await jobOf(entry).answer(question ?? '', state === 'approved', said ?? (state === 'expired' ? NOBODY : undefined));
  else if (state === 'approved') await jobOf(entry).approve();
  else await jobOf(entry).refuse(state, said ?? undefined);
}

/** Compares an entry with its job, so that no slot stays taken and no decision stays unheard, whatever was cut off. */
export async function reconcile(parts: Parts, entry: Entry, now: number): Promise<void> {
  const { store, jobOf, approvals, counters } = parts;
  const status = await jobOf(entry).status(0, 1);
  if (!status?.ok) {
    if (entry.created_at >= now - YOUNG_MS) return;
    counters.giveBack(entry.id);
    return store.remove(entry.id);
  }
  const { job } = status.value;
  if (isOver(job.state)) {
    const spent = { costUsd: job.usage?.costUsd ?? 0, totalTokens: totalTokens(job.usage) };
    const times = { finishedAt: job.finishedAt ?? now, ...(job.startedAt !== undefined && { startedAt: job.startedAt }) };
    end(parts, entry.id, { state: job.state, reason: job.reason ?? job.state, ...times, ...spent }, now);
    return;
  }
  const open = [job.hold, ...(job.asks ?? [])].map((waiting) => waiting?.approvalId);
  for (const approval of approvals.ofJob(entry.id)) if (open.includes(approval.id)) await carry(parts, approval);
  if (entry.state === 'running') await jobOf(entry).admit();
}
