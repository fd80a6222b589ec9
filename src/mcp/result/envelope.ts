import { z } from 'zod';
import { redactedArgs } from '../../account/digest.ts';
import { APPROVAL_STATES, type Approval, previewOf } from '../../account/tables/approvals.ts';
import { AuditHead, AuditRow } from '../../account/tables/audit-row.ts';
import { STATES } from '../../job/machine.ts';
import { JobError, JobView } from '../../job/record.ts';

const text = z.string();
const integer = z.int();

/** A page of a job's text. */
const Answer = z.object({
  text,
  offset: integer,
  nextOffset: integer.nullable(),
  total: integer,
  source: z.enum(['answer', 'partial', 'stdout', 'stderr']),
  structured: z.unknown().optional(),
});

/** A job in a list. */
const JobSummary = z.object({
  id: text,
  provider: text,
  state: z.enum(STATES),
  reason: text.optional(),
  /** The name that the request gave. */
  title: text.optional(),
  /** Beginning of the prompt. */
  label: text,
  sessionId: text.optional(),
  workspace: text.optional(),
  createdAt: z.number(),
  finishedAt: z.number().optional(),
  costUsd: z.number(),
  correlationId: text.optional(),
});

const Models = z.object({
  provider: text,
  default: text,
  models: z.array(text),
  aliases: z.record(text, text),
});

const GatewayHealth = z.object({
  version: text,
  executor: z.looseObject({ reachable: z.boolean() }),
  running: integer,
  queued: integer,
  held: integer,
  limits: z.record(text, z.number()),
});

/** An approval and its decision. Times are ms since 1970. */
export const ApprovalView = z.object({
  id: text,
  /** A call, or a step in a run. */
  kind: z.enum(['call', 'step']),
  state: z.enum(APPROVAL_STATES),
  tool: text,
  args: z.record(text, z.unknown()),
  /** SHA-256 of the whole arguments. */
  argsHash: text,
  grant: text,
  client: text,
  rule: text,
  reason: text,
  estimateUsd: z.number().optional(),
  jobId: text.optional(),
  createdAt: z.number(),
  expiresAt: z.number(),
  decidedAt: z.number().optional(),
  decidedBy: text.optional(),
  said: text.optional(),
});

/** An approval as tools answer with it. Its page shows long arguments whole. A caller who may not decide sees no secret in them. */
export function approvalView(approval: Approval, mayDecide: boolean): z.infer<typeof ApprovalView> {
  const { id, kind, state, call, rule, reason, createdAt, expiresAt } = approval;
  const { tool, grant, client, digest } = call;
  const preview = previewOf(approval);
  const args = mayDecide ? preview : redactedArgs(preview);
  return {
    ...{ id, kind, state, tool, args, argsHash: digest.hash, grant, client, rule, reason },
    ...{ createdAt, expiresAt },
    estimateUsd: approval.estimateUsd ?? undefined,
    jobId: approval.job ?? undefined,
    decidedAt: approval.decidedAt ?? undefined,
    decidedBy: approval.decidedBy ?? undefined,
    said: approval.comment ?? undefined,
  };
}

/** A policy: the name of a preset, or a document. */
const Written = z.union([text, z.record(text, z.unknown())]);

/** The policy in force for a target, its origin and its history. */
const PolicyView = z.object({
  target: text,
  policy: Written,
  from: text,
  /** A preset that no policy of the account exceeds. */
  ceiling: text.optional(),
  shadow: Written.optional(),
  changes: z.array(z.object({ at: z.number(), by: text, mode: text, policy: Written.nullable() })).optional(),
  /** Names in the document that are not tools of this gateway. */
  unknownTools: z.array(text).optional(),
});

/** How a policy would decide a call, and why. */
const DecisionView = z.object({
  decision: z.enum(['allow', 'hold', 'deny', 'hide', 'limit', 'busy']),
  rule: text,
  reason: text,
  /** Why the call would be refused for its arguments, whatever the policy decides. */
  refusal: text.optional(),
  /** The counters that the call would be charged to. */
  counters: z
    .array(
      z.object({
        rule: text,
        counter: text,
        scope: text,
        windowS: integer,
        unit: text,
        amount: z.number(),
        used: z.number(),
        max: z.number(),
      }),
    )
    .optional(),
});

/** Rows of the audit log, and the ends of its chain. */
const AuditView = z.object({ rows: z.array(AuditRow), base: AuditHead, head: AuditHead, kept: AuditHead.optional() });

/** What to call next, and why. */
const Next = z.object({ tool: text, arguments: z.record(text, z.unknown()), why: text });

/** A job with what holds for this call alone. */
export const CalledJob = JobView.extend({
  queuePlace: integer.optional(),
  deduplicated: z.boolean().optional(),
  alreadyOver: z.boolean().optional(),
  deleted: z.boolean().optional(),
  /** What stays of a deleted job. */
  left: z.array(text).optional(),
});
export type CalledJob = z.infer<typeof CalledJob>;

/** Everything that a tool can answer. Each tool declares which parts it uses; `ok` is false exactly if there is an `error`. */
export const Envelope = z.object({
  ok: z.boolean(),
  job: CalledJob.optional(),
  answer: Answer.optional(),
  events: z.array(z.looseObject({ seq: integer, at: z.number(), kind: text })).optional(),
  nextAfterSeq: integer.optional(),
  jobs: z.array(JobSummary).optional(),
  nextCursor: text.optional(),
  models: z.array(Models).optional(),
  health: GatewayHealth.optional(),
  approvals: z.array(ApprovalView).optional(),
  approval: ApprovalView.optional(),
  policies: z.array(PolicyView).optional(),
  decision: DecisionView.optional(),
  audit: AuditView.optional(),
  error: JobError.optional(),
  next: Next.optional(),
});
export type Envelope = z.infer<typeof Envelope>;
export type Part = Exclude<keyof Envelope, 'ok' | 'error'>;
