import { type Failure, fail, ok, type Result } from '../errors.ts';
import type { Hold } from '../job/record.ts';
import { approvalIdOf } from '../job/view.ts';
import type { Ground } from '../policy/evaluate.ts';
import type { Parts } from './context.ts';
import { digestOf } from './digest.ts';
import { type Approval, argumentsOf, likeness, type Question } from './tables/approvals.ts';
import { callFacts, otherFacts, type ToolCall } from './tool-call.ts';

/** Calls alike pass without a question for this long after such a decision, in ms. */
const ALIKE_MS = 3_600_000;
/** What a caller waits who found too many questions, in ms. */
const FULL_RETRY_MS = 60_000;

/** A decision on a question. */
export interface Decision {
  id: string;
  approve: boolean;
  /** Who decides: a grant, or a person. */
  by: string;
  /** True for a grant that decides by itself: it never decides what it asked. A client that shows its person the question may pass the answer on. */
  isGrant: boolean;
  said?: string | undefined;
  /** Let calls alike pass for a while. */
  alike: boolean;
}

/** A step that a run asks about. */
export interface Step {
  job: string;
  question: string;
  tool: string;
  input: string;
}

/** Whether one more question may wait. */
export function room({ approvals, limits }: Parts): Result<null> {
  const { approvalsPending: max } = limits;
  const queued = approvals.pending();
  return queued < max ? ok(null) : fail({ code: 'saturated', what: 'approvals', queued, max, retryAfterMs: FULL_RETRY_MS });
}

function ask({ approvals, announcements, receiver }: Parts, id: string, question: Question, now: number): Hold {
  approvals.add(id, question, now);
  if (receiver) announcements.add(id, now);
  const { call, rule, reason, expiresAt } = question;
  return { approvalId: id, rule, reason, expiresAt, url: `${call.origin}/approvals` };
}

/** Asks whether a call may be made. */
export function askCall(
  parts: Parts,
  call: ToolCall,
  { rule, reason }: Ground,
  more: Pick<Question, 'job' | 'estimateUsd'>,
  now: number,
): Hold {
  const id = `apr_${crypto.randomUUID().replaceAll('-', '')}`;
  const expiresAt = now + parts.limits.approvalTimeoutMs;
  return ask(parts, id, { kind: 'call', call, rule, reason, ...more, question: null, expiresAt }, now);
}

const STEP = { kind: 'step', rule: 'permissionMode', reason: 'The run asks before it takes this step.' } as const;

/** The call of a step: who asked for its job, and the tool that the run wants to use. */
function stepCall({ store }: Parts, { job, tool, input }: Step): ToolCall {
  const { grant_id: grant = '', client = '', origin = '' } = store.find(job) ?? {};
  const args = { input };
  return { grant, client, tool, args, digest: digestOf(args), origin };
}

/** Asks whether a run may take a step; the same question again is the same one. Steps alike pass at once; where too many wait, it is refused. */
export function askStep(parts: Parts, step: Step, now: number): Approval {
  const id = approvalIdOf(step.job, step.question);
  const known = parts.approvals.find(id);
  if (known) return known;
  const isFull = !room(parts).ok;
  const call = stepCall(parts, step);
  const question = { ...STEP, call, estimateUsd: null, job: step.job, question: step.question };
  ask(parts, id, { ...question, expiresAt: now + parts.limits.askTimeoutMs }, now);
  parts.audit.add(callFacts(call, 'hold', now, { rule: STEP.rule, reason: STEP.reason, job: step.job }));
  const byItself = { id, isGrant: false, alike: false } as const;
  if (isFull) decide(parts, { ...byItself, approve: false, by: 'the gateway', said: 'too many questions wait already' }, now);
  else if (parts.approvals.mayPass(likeness({ ...STEP, call }), now))
    decide(parts, { ...byItself, approve: true, by: 'an earlier approval of steps alike' }, now);
  return parts.approvals.get(id);
}

/** Why a call that waits may not be approved: its policy was changed meanwhile, and denies it. */
function deniedSince({ permissions }: Parts, { id, kind, state, call }: Approval, now: number): Failure | undefined {
  if (kind !== 'call' || state !== 'pending') return undefined;
  const { enforced } = permissions.weigh({ ...call, args: argumentsOf(call) }, { running: 0 }, now);
  const { rule, reason } = enforced;
  return enforced.kind === 'hide' || enforced.kind === 'deny'
    ? { code: 'approval_overtaken', approvalId: id, rule, reason }
    : undefined;
}

/** Decides a question; a job that was held for it goes into the queue. Who waits for it is told by the caller. */
export function decide(parts: Parts, { id, approve, by, isGrant, said, alike }: Decision, now: number): Result<Approval> {
  const { approvals } = parts;
  const approval = approvals.find(id);
  if (!approval) return fail({ code: 'approval_not_found', approvalId: id });
  if (isGrant && approval.call.grant === by) return fail({ code: 'own_approval', approvalId: id });
  const denied = approve ? deniedSince(parts, approval, now) : undefined;
  if (denied) return fail(denied);
  const isLate = approval.state === 'pending' && approval.expiresAt <= now;
  const isDecided = !isLate && approvals.decide(id, approve ? 'approved' : 'denied', by, said ?? null, now);
  if (!isDecided) return fail({ code: 'approval_decided', approvalId: id, state: isLate ? 'expired' : approval.state });
  if (approve && alike) approvals.letPass(likeness(approval), now + ALIKE_MS);
  return ok(settle(parts, approval, approve ? (alike ? 'approve alike' : 'approve') : 'deny', by, said ?? null, now));
}

/** Closes those of some questions that are still open. */
const closeAll = (parts: Parts, questions: Approval[], by: string, now: number): Approval[] =>
  questions.flatMap((approval) => {
    const isOver = parts.approvals.decide(approval.id, 'expired', by, null, now);
    return isOver ? [settle(parts, approval, 'expire', by, null, now)] : [];
  });

/** Answers with no what nobody decided in time. */
export const expire = (parts: Parts, now: number): Approval[] => closeAll(parts, parts.approvals.overdue(now), 'time', now);

/** Closes what is still asked about a job that is over. */
export const close = (parts: Parts, job: string, now: number): Approval[] =>
  closeAll(parts, parts.approvals.ofJob(job), 'the end of its job', now);

/** What a decision changes in the account, and its row. */
function settle(parts: Parts, before: Approval, decision: string, by: string, reason: string | null, now: number): Approval {
  const { store, counters, audit, approvals } = parts;
  const { id, kind, call, job, rule } = before;
  const isApproved = decision.startsWith('approve');
  if (kind === 'call' && job && isApproved) store.unhold(job);
  if (kind === 'call' && !job && isApproved) counters.settle(id);
  if (kind === 'call' && !job && !isApproved) counters.giveBack(id);
  const { tool, client, digest } = call;
  audit.add(
    otherFacts('approval', by, decision, now, { client, tool, argsHash: digest.hash, args: digest.view, rule, reason, job }),
  );
  return approvals.get(id);
}
