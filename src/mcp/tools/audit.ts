import { z } from 'zod';
import { AUDIT_KINDS } from '../../account/tables/audit-row.ts';
import { ok } from '../../errors.ts';
import { ownAccount } from '../call.ts';
import { cursor, numberOf } from '../paging.ts';
import { tool } from '../tool.ts';

const word = z.string().min(1).max(200).optional();

export const auditList = tool({
  name: 'audit_list',
  title: 'Audit log',
  description: 'What was decided, run and changed, newest first; with afterSeq oldest first, to check the chain of hashes.',
  scope: 'admin',
  input: z.strictObject({
    kind: z.enum(AUDIT_KINDS).optional(),
    grant: word,
    tool: word,
    decision: word,
    jobId: word,
    cursor,
    afterSeq: z.int().min(0).optional(),
    limit: z.int().min(1).max(500).default(50),
  }),
  parts: ['audit', 'nextCursor'],
  run: async ({ jobId: job, cursor: before, afterSeq, limit, ...rest }, call) => {
    const account = ownAccount(call);
    const filter = { ...rest, ...(job !== undefined && { job }) };
    const [rows, ends] = await Promise.all([
      afterSeq === undefined ? account.audit(filter, limit, numberOf(before)) : account.auditAfter(afterSeq, limit),
      account.auditEnds(),
    ]);
    const nextCursor = afterSeq === undefined && rows.length === limit ? rows.at(-1)?.seq.toString() : undefined;
    return ok({ audit: { rows, ...ends }, nextCursor });
  },
});
