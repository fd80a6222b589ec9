import { DAY_MS, type Limits } from '../../config.ts';
import type { AccountContext } from '../context.ts';

/** A table whose rows are removed by age. Times are ms since 1970. */
interface Aging {
  /** Age of the oldest row that can be removed, or null. */
  oldest: () => number | null;
  removeBefore: (before: number) => void;
}

/** The tables whose rows are removed by age, each with the setting of the age in days. */
const agingTables = ({ jobs, approvals, counters, audit, policies }: AccountContext): [Aging, keyof Limits][] => [
  [jobs, 'retentionDays'],
  [approvals, 'retentionDays'],
  [counters, 'retentionDays'],
  [audit, 'auditRetentionDays'],
  [policies, 'auditRetentionDays'],
];

/** Removes every row that is older than its retention. */
export function removeOld(account: AccountContext, now: number): void {
  for (const [table, days] of agingTables(account)) table.removeBefore(now - account.limits[days] * DAY_MS);
}

/** When the next row passes its retention; infinite if there is none. */
export const nextRemoval = (account: AccountContext): number =>
  Math.min(
    ...agingTables(account).map(([table, days]) => (table.oldest() ?? Number.POSITIVE_INFINITY) + account.limits[days] * DAY_MS),
  );
