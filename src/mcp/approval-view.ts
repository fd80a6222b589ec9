import { type Approval, argumentsOfCall } from '../account/tables/approvals.ts';
import type { ApprovalView } from './envelope.ts';

/** A question as callers see it. */
export function approvalView(approval: Approval): ApprovalView {
  const { id, kind, state, call, rule, reason, createdAt, expiresAt } = approval;
  const { tool, grant, client } = call;
  const args = argumentsOfCall(call);
  return {
    ...{ id, kind, state, tool, args, grant, client, rule, reason, createdAt, expiresAt },
    estimateUsd: approval.estimateUsd ?? undefined,
    jobId: approval.job ?? undefined,
    decidedAt: approval.decidedAt ?? undefined,
    decidedBy: approval.decidedBy ?? undefined,
    said: approval.comment ?? undefined,
  };
}
