import type { Settlement } from '../job/finalize.ts';
import { isOver } from '../job/machine.ts';
import { closeApprovalsOfJob } from './approval.ts';
import { eventFacts } from './audit.ts';
import type { AccountContext } from './context.ts';
import type { Approval } from './tables/approvals.ts';
import type { JobEntry } from './tables/jobs.ts';

/** The job of an entry may still be about to be created for this long after the entry, in ms. */
const YOUNG_MS = 30_000;

const NOBODY = 'nobody answered in time';

/** Delivers a decision to the job that waits for it. Idempotent. */
export async function deliverDecision({ jobs, jobOf }: AccountContext, approval: Approval): Promise<void> {
  const { kind, state, job, question, comment } = approval;
  const entry = job === null ? undefined : jobs.find(job);
  if (!entry || state === 'pending') return;
  if (kind === 'step')
    await jobOf(entry).answer(question ?? '', state === 'approved', comment ?? (state === 'expired' ? NOBODY : undefined));
  else if (state === 'approved') await jobOf(entry).approve();
  else await jobOf(entry).refuse(state, comment ?? undefined);
}

/** Ends a job's entry: frees its slot, replaces its reservations by actual usage, and closes its approvals. False if it had ended before. */
export function settleEntry(account: AccountContext, id: string, settlement: Settlement, now: number): boolean {
  const { jobs, counters, spending, audit } = account;
  const entry = jobs.find(id);
  if (!entry || !jobs.finish(id, settlement)) return false;
  spending.hold(id, 0);
  const { startedAt, finishedAt, costUsd, totalTokens: tokens, state, reason } = settlement;
  if (startedAt === undefined) counters.release(id);
  else
    counters.settle(id, {
      'usage.costUsd': costUsd,
      'usage.totalTokens': tokens,
      runtimeSeconds: (finishedAt - startedAt) / 1_000,
    });
  closeApprovalsOfJob(account, id, now);
  const { grant_id: grant, client, tool } = entry;
  audit.add(eventFacts('end', grant, state, now, { client, tool, reason, job: id, costUsd }));
  return true;
}

/** Compares an unfinished entry with its job, so that no slot stays taken and no decision undelivered after an interruption. */
export async function reconcileEntry(account: AccountContext, entry: JobEntry, now: number): Promise<void> {
  const { jobs, jobOf, approvals, counters } = account;
  const status = await jobOf(entry).status(0, 1);
  if (!status?.ok) {
    if (entry.created_at >= now - YOUNG_MS) return;
    counters.release(entry.id);
    return jobs.remove(entry.id);
  }
  const { job } = status.value;
  if (isOver(job.state)) {
    const settlement = await jobOf(entry).settlement();
    if (settlement) settleEntry(account, entry.id, settlement, now);
    return;
  }
  const open = [job.hold, ...(job.asks ?? [])].map((waiting) => waiting?.approvalId);
  for (const approval of approvals.ofJob(entry.id)) if (open.includes(approval.id)) await deliverDecision(account, approval);
  if (entry.state === 'running') await jobOf(entry).dispatch();
}
