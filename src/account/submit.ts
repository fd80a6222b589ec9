import { clock } from '../clock.ts';
import { DAY_MS } from '../config.ts';
import { type Failure, fail, ok, type Result } from '../errors.ts';
import { isOver } from '../job/machine.ts';
import type { Hold, JobSpec, JobView } from '../job/record.ts';
import { excerptOf } from '../job/view/excerpt.ts';
import { checkApprovalCapacity, requestCallApproval } from './approval.ts';
import { auditCall, auditRefusal, eventFacts } from './audit.ts';
import { estimateOf } from './circumstances.ts';
import type { AccountContext } from './context.ts';
import { placeInQueue } from './queue.ts';
import { holdOf } from './tables/approvals.ts';
import type { JobEntry } from './tables/jobs.ts';
import type { ToolCall } from './tool-call.ts';
import { type Weighing, weigh } from './weigh.ts';

/** A request for a job. */
export interface Submission {
  call: ToolCall;
  spec: JobSpec;
  runToken: string;
  /** Equal for identical requests of one grant. */
  requestKey: string;
  idempotencyKey?: string;
  /** Run even if an identical job is unfinished. */
  forceRefresh: boolean;
  /** Accept a completed identical job. */
  reuseCompleted: boolean;
  /** The beginning of the prompt, for lists. */
  label: string;
}

/** A job that was created, or found as a duplicate. */
export interface Submitted {
  job: JobView & { queuePlace: number | undefined };
  deduplicated: boolean;
}

const HOUR_MS = 3_600_000;
/** An answer that no caller received is returned to an identical request for this long after its end, in ms. */
const REDELIVERY_MAX_MS = HOUR_MS;
/** Retry hint when the queue is full, in ms. */
const SATURATED_RETRY_MS = 15_000;

/** The entry of an earlier identical request, or undefined. */
function duplicateOf({ jobs, limits }: AccountContext, submission: Submission, now: number): Result<JobEntry | undefined> {
  const { requestKey, idempotencyKey, forceRefresh, reuseCompleted } = submission;
  if (idempotencyKey !== undefined) {
    const entry = jobs.byIdempotencyKey(idempotencyKey, now - limits.idempotencyHours * HOUR_MS);
    if (entry && entry.request_key !== requestKey) return fail({ code: 'idempotency_conflict', jobId: entry.id });
    if (entry) return ok(entry);
  }
  if (forceRefresh) return ok(undefined);
  return ok(jobs.byRequestKey(requestKey, reuseCompleted) ?? jobs.takeUndelivered(requestKey, now - REDELIVERY_MAX_MS));
}

/** The session that a request resumes or forks, or undefined. */
const continuedBy = ({ session }: JobSpec) =>
  session.mode === 'resume' ? session.id : session.mode === 'fork' ? session.from : undefined;

const sessionIdOf = ({ session }: JobSpec) => ('id' in session ? session.id : null);

/** The workspace of the session that a call without a workspace continues, or undefined. */
export const workspaceOfSession = ({ jobs }: AccountContext, id: unknown, workspace: unknown): string | undefined =>
  typeof id === 'string' && workspace === undefined ? jobs.session(id)?.workspace || undefined : undefined;

/**
 * The request in the workspace of the session that it continues, because the session's files and runner are there. It is judged and shown
 * with that workspace; its digest stays that of the arguments as written.
 */
function inWorkspace(account: AccountContext, submission: Submission): Submission {
  const { spec, call } = submission;
  const workspace = workspaceOfSession(account, continuedBy(spec), spec.workspace);
  if (!workspace) return submission;
  return { ...submission, spec: { ...spec, workspace }, call: { ...call, args: { ...call.args, workspace } } };
}

/** The refusal of a session: a continued one must be this account's, of this provider and in this workspace; a new one must be new. */
function sessionFailure({ jobs }: AccountContext, spec: JobSpec): Failure | undefined {
  const { provider, session, workspace } = spec;
  const continued = continuedBy(spec);
  if (continued !== undefined) {
    const known = jobs.session(continued);
    if (known?.provider !== provider) return { code: 'session_not_found', provider, sessionId: continued };
    if (known.workspace !== undefined && known.workspace !== (workspace ?? ''))
      return otherWorkspaceFailure(continued, known.workspace);
  }
  const isTaken = session.mode === 'new' && jobs.session(session.id) !== undefined;
  return isTaken ? { code: 'session_exists', sessionId: session.id } : undefined;
}

function otherWorkspaceFailure(sessionId: string, workspace: string): Failure {
  const place = workspace === '' ? 'a directory of its own' : `workspace ${workspace}`;
  return { code: 'invalid_input', issues: [`Session ${sessionId} works in ${place}: omit workspace to continue it.`] };
}

function budgetFailure({ spending, limits }: AccountContext, now: number): Failure | undefined {
  const { dailyBudgetUsd: max } = limits;
  const spent = spending.today(now);
  if (max === 0 || spent < max) return undefined;
  const reason = `${spent.toFixed(2)} USD spent today, limit ${max}`;
  return { code: 'budget_exceeded', rule: 'DAILY_BUDGET_USD', reason, retryAfterMs: DAY_MS - (now % DAY_MS) };
}

type Place = 'running' | 'queued' | 'held';

/** Where a new job begins: with its turn, in the queue, or before an approver. */
function placeOf(account: AccountContext, { spec }: Submission, { enforced }: Weighing): Result<Place> {
  if (enforced.kind === 'hold') {
    const full = checkApprovalCapacity(account);
    return full ? fail(full) : ok('held');
  }
  const { limits } = account;
  const jobs = account.jobs.queue();
  const place = placeInQueue(jobs, { id: spec.id, provider: spec.provider, session: sessionIdOf(spec) }, limits);
  if (place !== 'saturated') return ok(place);
  const queued = jobs.filter((job) => !job.isRunning).length;
  return fail({ code: 'saturated', what: 'jobs', queued, max: limits.queuedPerAccount, retryAfterMs: SATURATED_RETRY_MS });
}

/** The job of an entry. It is created now if the account was interrupted before it could be. */
async function findJob(account: AccountContext, entry: JobEntry, { spec, runToken }: Submission): Promise<Result<Submitted>> {
  const { jobOf, jobs, approvals } = account;
  const status = await jobOf(entry).status(0, 1);
  if (status && !status.ok) return status;
  if (!status && isOver(entry.state)) return fail({ code: 'job_not_found', jobId: entry.id });
  const session = 'id' in spec.session && entry.session !== null ? { ...spec.session, id: entry.session } : spec.session;
  const [approval] = entry.state === 'held' ? approvals.ofJob(entry.id) : [];
  const again = { ...spec, id: entry.id, session };
  const job =
    status?.value.job ?? (await jobOf(entry).create(again, runToken, entry.state === 'running', approval && holdOf(approval)));
  return ok({ job: { ...job, queuePlace: jobs.queuePlace(entry.id) }, deduplicated: status !== null });
}

/** How a new job is created, once everything about it is stored. */
interface Admitted {
  hasTurn: boolean;
  hold: Hold | undefined;
}

/** Decides on a request, and stores the decision with everything that it counts, in one turn: its duplicate, its refusal or its entry. */
function admitSubmission(account: AccountContext, submission: Submission, now: number): Result<JobEntry | Admitted> {
  const { call, spec } = submission;
  const { jobs, counters, audit, limits } = account;
  const estimate = estimateOf(spec.provider, call.args, jobs.averageOf(spec.provider), limits);
  const weighing = weigh(account, call, { estimate, running: jobs.countOf(call.grant, call.tool) }, now);
  const { kind, failure: refusal } = weighing.enforced;
  const refuse = (failure: Failure) => auditRefusal(account, call, weighing, failure, now);
  if (refusal && (kind === 'hide' || kind === 'deny')) return refuse(refusal);
  const duplicate = duplicateOf(account, submission, now);
  if (!duplicate.ok) return refuse(duplicate.failure);
  if (duplicate.value) {
    auditCall(account, call, 'duplicate', weighing, now, { job: duplicate.value.id });
    return ok(duplicate.value);
  }
  const failure = refusal ?? budgetFailure(account, now) ?? sessionFailure(account, spec);
  if (failure) return refuse(failure);
  const place = placeOf(account, submission, weighing);
  if (!place.ok) return refuse(place.failure);
  const [isHeld, hasTurn] = [place.value === 'held', place.value === 'running'];
  addEntry(account, submission, place.value, now);
  counters.reserve(spec.id, weighing.charges, now);
  auditCall(account, call, isHeld ? 'hold' : 'allow', weighing, now, { job: spec.id });
  if (hasTurn) audit.add(eventFacts('start', call.grant, 'run', now, { client: call.client, tool: call.tool, job: spec.id }));
  const { rule, reason } = weighing.enforced;
  const facts = { rule, reason, job: spec.id, estimateUsd: estimate['usage.costUsd'] };
  return ok({ hasTurn, hold: isHeld ? holdOf(requestCallApproval(account, call, facts, now)) : undefined });
}

function addEntry({ jobs }: AccountContext, submission: Submission, state: Place, now: number): void {
  const { call, spec, requestKey, idempotencyKey, label } = submission;
  const session = sessionIdOf(spec);
  const entry = {
    id: spec.id,
    account: spec.account,
    provider: spec.provider,
    state,
    session,
    request_key: requestKey,
    idempotency_key: idempotencyKey ?? null,
    label,
    correlation_id: spec.correlationId ?? null,
    created_at: now,
    grant_id: call.grant,
    tool: call.tool,
    client: call.client,
    origin: call.origin,
    title: spec.title ?? null,
    workspace: spec.workspace ?? null,
  };
  jobs.add(entry, excerptOf(spec.prompt));
  const origin = spec.session.mode === 'fork' ? spec.session.from : undefined;
  if (session !== null) jobs.useSession(session, { provider: spec.provider, workspace: spec.workspace ?? '', origin }, now);
}

/** Admits a request for a job: finds its duplicate, or creates a job that runs, is queued or is held. */
export async function submitJob(
  account: AccountContext,
  asked: Submission,
  arm: () => Promise<void>,
): Promise<Result<Submitted>> {
  const submission = inWorkspace(account, asked);
  const { spec, runToken } = submission;
  const now = clock.now();
  const admitted = admitSubmission(account, submission, now);
  if (!admitted.ok) return admitted;
  if ('place' in admitted.value) return findJob(account, admitted.value, submission);
  const { hasTurn, hold } = admitted.value;
  await arm();
  // If this fails, the entry stays, because the job may exist. The next request creates it if not, or the alarm removes the entry.
  const job = await account.jobOf(spec).create(spec, runToken, hasTurn, hold, now);
  return ok({ job: { ...job, queuePlace: account.jobs.queuePlace(spec.id) }, deduplicated: false });
}
