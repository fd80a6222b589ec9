import { DurableObject } from 'cloudflare:workers';
import { readConfig } from '../config.ts';
import { type Failure, fail, ok, type Result } from '../errors.ts';
import type { Settlement } from '../job/chores.ts';
import { isOver } from '../job/machine.ts';
import { totalTokens } from '../job/progress.ts';
import type { JobSpec, JobView } from '../job/record.ts';
import { admit, turns } from './admission.ts';
import { Spending } from './spending.ts';
import { AccountStore, type Entry, type ListFilter } from './store.ts';

/** A request for a job, with what tells whether it was made before. */
export interface Submission {
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

/** Jobs of an account that run and wait, and its limits. */
export interface AccountHealth {
  running: number;
  queued: number;
}

/** Entries that are not over are compared with their jobs this often, in ms. */
const RECONCILE_MS = 30_000;
/** An object that begins anew may have been cut off in the middle of something: it compares after this, in ms. */
const WAKE_MS = 1_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** What a caller waits who found the queue full, in ms. */
const SATURATED_RETRY_MS = 15_000;

/** One account: which jobs it has, which of them may run, and whose turn comes next. */
export class Account extends DurableObject<Env> {
  readonly #store = new AccountStore(this.ctx.storage);
  readonly #limits = readConfig(this.env).limits;
  readonly #spending = new Spending(this.ctx.storage);

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    if (this.#store.unfinished().length > 0) void ctx.storage.setAlarm(Date.now() + WAKE_MS);
  }

  /** Admits a request: finds its duplicate, or takes a slot or a place in the queue and makes the job. */
  async submit(submission: Submission): Promise<Result<Submitted>> {
    const earlier = this.#earlier(submission);
    if (!earlier.ok) return earlier;
    if (earlier.value) return this.#found(earlier.value, submission);
    const { dailyBudgetUsd } = this.#limits;
    if (dailyBudgetUsd > 0 && this.#spending.today(Date.now()) > dailyBudgetUsd)
      return fail({ code: 'budget_spent', dailyBudgetUsd });
    const { spec, requestKey, idempotencyKey, label, runToken } = submission;
    const session = 'id' in spec.session ? spec.session.id : null;
    const wrongSession = this.#wrongSession(spec);
    if (wrongSession) return fail(wrongSession);
    const jobs = this.#store.standings();
    const verdict = admit(jobs, { id: spec.id, provider: spec.provider, session }, this.#limits);
    if (verdict === 'saturated') {
      const queued = jobs.filter((job) => !job.running).length;
      return fail({ code: 'saturated', queued, max: this.#limits.queuedPerAccount, retryAfterMs: SATURATED_RETRY_MS });
    }
    const state = verdict === 'run' ? 'running' : 'queued';
    const now = Date.now();
    const keys = { request_key: requestKey, idempotency_key: idempotencyKey ?? null, correlation_id: spec.correlationId ?? null };
    this.#store.add({
      id: spec.id,
      account: spec.account,
      provider: spec.provider,
      state,
      session,
      ...keys,
      label,
      created_at: now,
    });
    if (session !== null) this.#store.useSession(session, spec.provider, now);
    await this.ctx.storage.setAlarm(now + RECONCILE_MS);
    // Should this fail, the entry stays, because the job may be there: the next try makes it if not, or the alarm removes the entry.
    const job = await this.#job(spec).create(spec, runToken, verdict === 'run');
    return ok({ job: { ...job, queuePlace: this.#store.queuePlace(spec.id) }, deduplicated: false });
  }

  #earlier({ requestKey, idempotencyKey, forceRefresh, reuseCompleted }: Submission): Result<Entry | undefined> {
    if (idempotencyKey !== undefined) {
      const since = Date.now() - this.#limits.idempotencyHours * HOUR_MS;
      const entry = this.#store.byIdempotencyKey(idempotencyKey, since);
      if (entry && entry.request_key !== requestKey) return fail({ code: 'idempotency_conflict', jobId: entry.id });
      if (entry) return ok(entry);
    }
    if (forceRefresh) return ok(undefined);
    return ok(this.#store.byRequestKey(requestKey, reuseCompleted));
  }

  /** A conversation that is continued has to be this account's and of this provider, one that begins has to be new. */
  #wrongSession({ provider, session }: JobSpec): Failure | undefined {
    const continued = session.mode === 'resume' ? session.id : session.mode === 'fork' ? session.from : undefined;
    if (continued !== undefined && this.#store.sessionProvider(continued) !== provider)
      return { code: 'session_not_found', provider, sessionId: continued };
    const isTaken = session.mode === 'new' && this.#store.sessionProvider(session.id) !== undefined;
    return isTaken ? { code: 'session_exists', sessionId: session.id } : undefined;
  }

  /** The job of an entry; made now where the account was cut off before it could. */
  async #found(entry: Entry, { spec, runToken }: Submission): Promise<Result<Submitted>> {
    const status = await this.#job(entry).status(0, 1);
    if (status && !status.ok) return status;
    if (!status && isOver(entry.state)) return fail({ code: 'job_not_found', jobId: entry.id });
    const session = 'id' in spec.session && entry.session !== null ? { ...spec.session, id: entry.session } : spec.session;
    const job = status
      ? status.value.job
      : await this.#job(entry).create({ ...spec, id: entry.id, session }, runToken, entry.state === 'running');
    return ok({ job: { ...job, queuePlace: this.#store.queuePlace(entry.id) }, deduplicated: status !== null });
  }

  /** Ends a job's entry; called by the job, and safe to repeat. Gives the freed slot to the next in turn. */
  async release(id: string, settlement: Settlement): Promise<void> {
    if (this.#store.release(id, settlement)) await this.#giveTurns();
  }

  async #giveTurns(): Promise<void> {
    const given = new Set(turns(this.#store.standings(), this.#limits).map(({ id }) => id));
    const next = this.#store.unfinished().filter(({ id }) => given.has(id) && this.#store.take(id));
    await Promise.allSettled(next.map((entry) => this.#job(entry).admit()));
  }

  /** Adds to what the account spent today. Gives the sum in USD. */
  spend(usd: number): number {
    const now = Date.now();
    this.#spending.add(usd, now);
    return this.#spending.today(now);
  }

  /** Forgets a job that was deleted. */
  forget(id: string): void {
    this.#store.remove(id);
  }

  queuePlace(id: string): number | undefined {
    return this.#store.queuePlace(id);
  }

  /** Own jobs, newest first. */
  list(filter: ListFilter): Entry[] {
    return this.#store.list(filter);
  }

  health(): AccountHealth {
    const jobs = this.#store.standings();
    const running = jobs.filter((job) => job.running).length;
    return { running, queued: jobs.length - running };
  }

  /** Compares entries with their jobs, so that no slot stays taken whatever was cut off; then forgets what is old. */
  override async alarm(): Promise<void> {
    const now = Date.now();
    const entries = this.#store.unfinished();
    const next = entries.length > 0 ? now + RECONCILE_MS : this.#nextForget();
    if (next !== null) await this.ctx.storage.setAlarm(Math.max(next, now + 1_000));
    await Promise.allSettled(entries.map((entry) => this.#reconcile(entry, now)));
    this.#store.forget(now - this.#limits.retentionDays * DAY_MS);
    await this.#giveTurns();
  }

  #nextForget(): number | null {
    const oldest = this.#store.oldestEnd();
    return oldest === null ? null : oldest + this.#limits.retentionDays * DAY_MS;
  }

  async #reconcile(entry: Entry, now: number): Promise<void> {
    const status = await this.#job(entry).status(0, 1);
    // A young one may still be about to be made.
    if (!status?.ok) return entry.created_at < now - RECONCILE_MS ? this.#store.remove(entry.id) : undefined;
    const { job } = status.value;
    if (isOver(job.state)) {
      const spent = { costUsd: job.usage?.costUsd ?? 0, totalTokens: totalTokens(job.usage) };
      const settled = { ...spent, finishedAt: job.finishedAt ?? now };
      this.#store.release(entry.id, { state: job.state, reason: job.reason ?? job.state, ...settled });
    } else if (entry.state === 'running') await this.#job(entry).admit();
  }

  #job({ account, id }: { account: string; id: string }) {
    return this.env.JOBS.getByName(`${account}/${id}`);
  }
}
