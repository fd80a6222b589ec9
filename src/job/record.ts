import { z } from 'zod';
import { Denial, NotConnected, ResultItem, RunLimits, RunSession, Usage } from '../../container/protocol.ts';
import { STATES, TERMINAL_STATES } from './machine.ts';

/** A job's request. Stored once and never changed; the prompt has a column of its own. */
export const JobSpec = z.object({
  id: z.string(),
  account: z.string(),
  provider: z.string(),
  prompt: z.string(),
  options: z.record(z.string(), z.unknown()),
  session: RunSession,
  workspace: z.string().optional(),
  workingDir: z.string().optional(),
  limits: RunLimits,
  correlationId: z.string().optional(),
  /** Name in lists. */
  title: z.string().optional(),
});
export type JobSpec = z.infer<typeof JobSpec>;

/** Why a job failed: a stable code, a message for the caller, and whether the same request may succeed later. */
export const JobError = z.object({
  code: z.string(),
  message: z.string(),
  retryable: z.boolean(),
  retryAfterMs: z.number().optional(),
  /** The deciding place in the policy, and its reason. */
  rule: z.string().optional(),
  reason: z.string().optional(),
  /** The approval that the call waits for. */
  approvalId: z.string().optional(),
});
export type JobError = z.infer<typeof JobError>;

/** How a job ended. */
export const Ending = z.object({
  state: z.enum(TERMINAL_STATES),
  reason: z.string(),
  error: JobError.optional(),
});
export type Ending = z.infer<typeof Ending>;

/** Why a job waits for approval. */
export const Hold = z.object({
  approvalId: z.string(),
  rule: z.string(),
  reason: z.string(),
  /** In ms since 1970. */
  expiresAt: z.number(),
  /** The page where approvers decide. */
  url: z.string(),
});
export type Hold = z.infer<typeof Hold>;

/** An approver's answer to a step that a run asks about. */
export const StepAnswer = z.object({ allowed: z.boolean(), reason: z.string().optional() });
export type StepAnswer = z.infer<typeof StepAnswer>;

/** Whose keys paid for model calls: the account's own, the operator's, or both. */
const PaidBy = z.enum(['own', 'operator', 'both']);

/** The sum of a job's events so far. */
export const Progress = z.object({
  sessionId: z.string().optional(),
  model: z.string().optional(),
  usage: Usage.optional(),
  turns: z.int().optional(),
  /** End of the text that the CLI is writing. */
  writing: z.string().optional(),
  /** What the CLI did last, as a text for people. */
  activity: z.string().optional(),
  /** Code of the executor's last reply, if the queued job waits for an executor. */
  waitsFor: z.string().optional(),
  lastActivityAt: z.number().optional(),
  stopping: z.string().optional(),
  /** MCP servers that the run does without, with the reasons. */
  notConnected: z.array(NotConnected).optional(),
  /** The result that counts. */
  result: ResultItem.optional(),
  /** The text that the model wrote: its length, and where its last message with text begins and ends. In UTF-16 units. */
  said: z.object({ length: z.int(), last: z.int().optional(), end: z.int().optional(), isOpen: z.boolean() }).optional(),
  /** Tool calls that were not denied. */
  toolCalls: z.int().optional(),
  /** When the model service accepts calls again, as its last refusal said. In ms since 1970. */
  retryAt: z.number().optional(),
  denials: z.array(Denial).default([]),
  /**
   * Steps that the run asks about, until it acknowledges their answers, at most OPEN_ASKS_MAX. `at` is ms since 1970 on the executor's clock.
   * `input` is the start of the input, and `seq` the event that has the whole; jobs of earlier versions have no `seq` and the whole input here.
   */
  asks: z
    .array(z.object({ id: z.string(), tool: z.string(), input: z.string(), at: z.number(), seq: z.int().optional() }))
    .default([]),
  /** Answers by the id of the ask, until the run acknowledges them. */
  answers: z.record(z.string(), StepAnswer).default({}),
  /** Usage of the run's model calls, as metered by the gate. */
  spent: Usage.optional(),
  /** Whose keys paid for the run's model calls. */
  paidBy: PaidBy.optional(),
  /** The passed budget in USD. */
  budgetUsd: z.number().optional(),
});
export type Progress = z.infer<typeof Progress>;

/** An option of the request that has no effect, with the reason. */
const Ignored = z.object({ option: z.string(), reason: z.string() });

/** A step that waits for approval, as its owner sees it. */
const OpenAsk = z.object({ approvalId: z.string(), tool: z.string(), input: z.string(), askedAt: z.number() });

/** A job as its owner sees it. Times are ms since 1970. */
export const JobView = z.object({
  id: z.string(),
  provider: z.string(),
  title: z.string().optional(),
  state: z.enum(STATES),
  reason: z.string().optional(),
  canceling: z.boolean().optional(),
  createdAt: z.number(),
  startedAt: z.number().optional(),
  finishedAt: z.number().optional(),
  elapsedMs: z.number(),
  /** The approval that it waits for. */
  hold: Hold.optional(),
  /** Steps that wait for approval. */
  asks: z.array(OpenAsk).optional(),
  activity: z.string().optional(),
  lastActivityAt: z.number().optional(),
  lastSeq: z.int(),
  /** The model that answered last; before an answer, the one that was chosen. */
  model: z.string().optional(),
  /** All models that answered, if several did. */
  models: z.array(z.string()).optional(),
  sessionId: z.string().optional(),
  workspace: z.string().optional(),
  turns: z.int().optional(),
  usage: Usage.optional(),
  paidBy: PaidBy.optional(),
  denials: z.array(Denial).optional(),
  /** Options of the request that have no effect. */
  ignored: z.array(Ignored).optional(),
  /** MCP servers that the run does without. */
  notConnected: z.array(NotConnected).optional(),
  /** Arguments, as JSON, of the request that continues the job with permission for its denied calls. Tools answer with it as `next`. */
  permitting: z.string().optional(),
  correlationId: z.string().optional(),
  error: JobError.optional(),
});
export type JobView = z.infer<typeof JobView>;
