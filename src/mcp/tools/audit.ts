import { z } from 'zod';
import { AUDIT_KINDS } from '../../account/tables/audit-row.ts';
import { ok } from '../../errors.ts';
import { GATEWAY_TOOLS } from '../../policy/tools.ts';
import { ownAccount } from '../call.ts';
import { tool } from '../tool.ts';
import { pageInput, pageOf, placeAfter } from './page.ts';

const word = z.string().min(1).max(200).optional();

export const auditList = tool({
  ...GATEWAY_TOOLS.auditList,
  title: 'Audit log',
  description: 'Decisions, runs and changes, newest first; with afterSeq oldest first, to verify the chain of hashes.',
  input: z.strictObject({
    kind: z.enum(AUDIT_KINDS).optional(),
    grant: word,
    tool: word,
    decision: word,
    jobId: word,
    afterSeq: z.int().min(0).optional(),
    ...pageInput(50, 500),
  }),
  parts: ['audit', 'nextCursor', 'nextAfterSeq'],
  run: async ({ jobId: job, cursor, afterSeq, limit, ...rest }, call) => {
    const account = ownAccount(call);
    const filter = { ...rest, ...(job !== undefined && { job }) };
    const before = placeAfter(cursor, filter);
    if (!before.ok) return before;
    const [entries, ends] = await Promise.all([
      afterSeq === undefined ? account.audit(filter, limit, before.value) : account.auditAfter(afterSeq, limit),
      account.auditEnds(),
    ]);
    const { shown, nextCursor } = pageOf(
      { entries, limit, filter },
      ({ seq }) => seq,
      (row) => row,
    );
    const audit = { rows: shown, ...ends };
    return ok(afterSeq === undefined ? { audit, nextCursor } : { audit, nextAfterSeq: shown.at(-1)?.seq ?? afterSeq });
  },
});
