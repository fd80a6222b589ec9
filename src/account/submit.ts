import { clock } from '../clock.ts';
import { DAY_MS } from '../config.ts';
import { type Failure, fail, ok, type Result } from '../errors.ts';
import { isOver } from '../job/machine.ts';
import type { Hold, JobSpec, JobView } from '../job/record.ts';
import { askCall, room } from './ask.ts';
import { noteCall, noteRefusal } from './audit.ts';
import type { Parts } from './context.ts';
import { estimateOf } from './estimate.ts';
import { admit } from './queue.ts';
import type { Entry } from './tables/jobs.ts';
import { otherFacts, type ToolCall } from './tool-call.ts';
import { refusalOf, type Weighing } from './weigh.ts';

/** A request for a job, with what tells whether it was made before. */
export interface Submission {
  call: ToolCall;
  spec: JobSpec;
  runToken: string;
  /** Equal for identical requests of one grant. */
  requestKey: string;
  idempotencyKey?: string;
  /** Run even if an identical job is not over. */
  forceRefresh: boolean;
  /** A completed identical job will do. */
  reuseCompleted: boolean;
  /** The prompt's beginning, for lists. */
  label: string;
}

/** A job that was made, or found because the request had been made before. */
export interface Submitted {
  job: JobView;
  deduplicated: boolean;
}

const HOUR_MS = 3_600_000;
/** What a caller waits who found the queue full, in ms. */
const SATURATED_RETRY_MS = 15_000;

function earlier(
  { store, limits }: Parts,
  { requestKey, idempotencyKey, forceRefresh, reuseCompleted }: Submission,
  now: number,
): Result<Entry | undefined> {
  if (idempotencyKey !== undefined) {
    const entry = store.byIdempotencyKey(idempotencyKey, now - limits.idempotencyHours * HOUR_MS);
    if (entry && entry.request_key !== requestKey) return fail({ code: 'idempotency_conflict', jobId: entry.id });
    if (entry) return ok(entry);
  }
  if (forceRefresh) return ok(undefined);
  return ok(store.byRequestKey(requestKey, reuseCompleted));
}

/** The conversation that a request continues or copies, where it names one. */
const continuedBy = ({ session }: JobSpec) =>
  session.mode === 'resume' ? session.id : session.mode === 'fork' ? session.from : undefined;

/**
 * The request in the workspace of the conversation that it continues, whose files and runner are there and nowhere else. It is judged and shown with it;
 * its digest stays that of what was asked.
 */
function inWorkspace({ store }: Parts, asked: Submission): Submission {
  const { spec, call } = asked;
  const continued = continuedBy(spec);
  const workspace = continued !== undefined && spec.workspace === undefined ? store.session(continued)?.workspace : undefined;
  return workspace ? { ...asked, spec: { ...spec, workspace }, call: { ...call, args: { ...call.args, workspace } } } : asked;
}

/** A conversation that is continued has to be this account's, of this provider and in its workspace, one that begins has to be new. */
function wrongSession({ store }: Parts, spec: JobSpec): Failure | undefined {
  const { provider, session, workspace } = spec;
  const continued = continuedBy(spec);
  if (continued !== undefined) {
    const known = store.session(continued);
    if (known?.provider !== provider) return { code: 'session_not_found', provider, sessionId: continued };
    if (known.workspace !== undefined && known.workspace !== (workspace ?? '')) return elsewhere(continued, known.workspace);
  }
  const isTaken = session.mode === 'new' && store.session(session.id) !== undefined;
  return isTaken ? { code: 'session_exists', sessionId: session.id } : undefined;
}

function elsewhere(sessionId: string, workspace: string): Failure {
  const place = workspace === '' ? 'a directory of its own' : `workspace ${workspace}`;
  return { code: 'invalid_input', issues: [`Conversation ${sessionId} works in ${place}: leave workspace out to continue it.`] };
}

function overBudget({ spending, limits }: Parts, now: number): Failure | undefined {
  const { dailyBudgetUsd: max } = limits;
  const spent = spending.today(now);
  if (max === 0 || spent <= max) return undefined;
  const reason = `${spent.toFixed(2)} of ${max} USD are spent today`;
  return { code: 'budget_exceeded', rule: 'DAILY_BUDGET_USD', reason, retryAfterMs: DAY_MS - (now % DAY_MS) };
}

/** Where a new job is put: at work, in the queue, or before a person. */
function placeOf(parts: Parts, { spec }: Submission, { enforced }: Weighing): Result<'running' | 'queued' | 'held'> {
  if (enforced.kind === 'hold') {
    const free = room(parts);
    return free.ok ? ok('held') : free;
  }
  const jobs = parts.store.standings();
  const verdict = admit(jobs, { id: spec.id, provider: spec.provider, session: sessionIdOf(spec) }, parts.limits);
  if (verdict !== 'saturated') return ok(verdict === 'run' ? 'running' : 'queued');
  const queued = jobs.filter((job) => !job.running).length;
  return fail({ code: 'saturated', what: 'jobs', queued, max: parts.limits.queuedPerAccount, retryAfterMs: SATURATED_RETRY_MS });
}

const sessionIdOf = ({ session }: JobSpec) => ('id' in session ? session.id : null);

/** The job of an entry; made now where the account was cut off before it could. */
async function found(parts: Parts, entry: Entry, { spec, runToken }: Submission): Promise<Result<Submitted>> {
  const { jobOf, store } = parts;
  const status = await jobOf(entry).status(0, 1);
  if (status && !status.ok) return status;
  if (!status && isOver(entry.state)) return fail({ code: 'job_not_found', jobId: entry.id });
  const session = 'id' in spec.session && entry.session !== null ? { ...spec.session, id: entry.session } : spec.session;
  const job = status
    ? status.value.job
    : await jobOf(entry).create({ ...spec, id: entry.id, session }, runToken, entry.state === 'running', holdOf(parts, entry));
  return ok({ job: { ...job, queuePlace: store.queuePlace(entry.id) }, deduplicated: status !== null });
}

/** Why the job of an entry is held. */
function holdOf({ approvals }: Parts, { id, state, origin }: Entry): Hold | undefined {
  const [asked] = state === 'held' ? approvals.ofJob(id) : [];
  return (
    asked && {
      approvalId: asked.id,
      rule: asked.rule,
      reason: asked.reason,
      expiresAt: asked.expiresAt,
      url: `${origin}/approvals`,
    }
  );
}

/** What a new job is made of, once all that decides on it is stored. */
interface Made {
  hasTurn: boolean;
  hold: Hold | undefined;
}

/** Decides on a request and stores the decision: its duplicate, its refusal, or its entry with all that it counts. In one turn. */
function decide(parts: Parts, submission: Submission, now: number): Result<Entry | Made> {
  const { call, spec } = submission;
  const { store, permissions, counters, audit } = parts;
  const estimate = estimateOf(spec.provider, call.args, store.averageOf(spec.provider), parts.limits);
  const weighing = permissions.weigh(call, { estimate, running: store.countOf(call.grant, call.tool) }, now);
  const { enforced } = weighing;
  const refuse = (failure: Failure) => noteRefusal(parts, call, weighing, failure, now);
  const refusal = refusalOf(enforced, call.tool);
  if (refusal && (enforced.kind === 'hide' || enforced.kind === 'deny')) return refuse(refusal);
  const before = earlier(parts, submission, now);
  if (!before.ok) return refuse(before.failure);
  if (before.value) {
    noteCall(parts, call, 'duplicate', weighing, now, { job: before.value.id });
    return ok(before.value);
  }
  const failure = refusal ?? overBudget(parts, now) ?? wrongSession(parts, spec);
  if (failure) return refuse(failure);
  const place = placeOf(parts, submission, weighing);
  if (!place.ok) return refuse(place.failure);
  addEntry(parts, submission, place.value, now);
  counters.reserve(spec.id, weighing.charges, now);
  noteCall(parts, call, place.value === 'held' ? 'hold' : 'allow', weighing, now, { job: spec.id });
  const hasTurn = place.value === 'running';
  if (hasTurn) audit.add(otherFacts('start', call.grant, 'run', now, { client: call.client, tool: call.tool, job: spec.id }));
  const asked = { job: spec.id, estimateUsd: estimate['usage.costUsd'] };
  return ok({ hasTurn, hold: place.value === 'held' ? askCall(parts, call, enforced, asked, now) : undefined });
}

function addEntry(
  { store }: Parts,
  { call, spec, requestKey, idempotencyKey, label }: Submission,
  state: 'running' | 'queued' | 'held',
  now: number,
): void {
  const session = sessionIdOf(spec);
  store.add({
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
  });
  if (session !== null) store.useSession(session, { provider: spec.provider, workspace: spec.workspace ?? '' }, now);
}

/** Admits a request: finds its duplicate, or takes a slot, a place in the queue or before a person, and makes the job. */
export async function submit(parts: Parts, asked: Submission, arm: () => Promise<void>): Promise<Result<Submitted>> {
  const submission = inWorkspace(parts, asked);
  const { spec, runToken } = submission;
  const decided = decide(parts, submission, clock.now());
  if (!decided.ok) return decided;
  if ('place' in decided.value) return found(parts, decided.value, submission);
  const { hasTurn, hold } = decided.value;
  await arm();
  // Should this fail, the entry stays, because the job may be there: the next try makes it if not, or the alarm removes the entry.
  const job = await parts.jobOf(spec).create(spec, runToken, hasTurn, hold);
  return ok({ job: { ...job, queuePlace: parts.store.queuePlace(spec.id) }, deduplicated: false });
}
