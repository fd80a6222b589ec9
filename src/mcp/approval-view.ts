import { z } from 'zod';
import type { Approval } from '../account/approvals.ts';
import type { ApprovalView } from './envelope.ts';

const Arguments = z.record(z.string(), z.unknown());

/** The arguments of a call that was asked about. */
export const argumentsOf = ({ call }: Approval): Record<string, unknown> => Arguments.parse(JSON.parse(call.args));

/** A question as callers see it. */
export function approvalView(approval: Approval): ApprovalView {
  const { id, kind, state, call, rule, reason, createdAt, expiresAt } = approval;
  const { tool, grant, client } = call;
  const args = argumentsOf(approval);
  return {
    ...{ id, kind, state, tool, args, grant, client, rule, reason, createdAt, expiresAt },
    estimateUsd: approval.estimateUsd ?? undefined,
    jobId: approval.job ?? undefined,
    decidedAt: approval.decidedAt ?? undefined,
    decidedBy: approval.decidedBy ?? undefined,
    said: approval.said ?? undefined,
  };
}
