import { DurableObject } from 'cloudflare:workers';
import type { Event, Usage } from '../../container/protocol.ts';
import { type Config, readConfig } from '../config.ts';
import { fail, ok, type Result } from '../errors.ts';
import { accountOf } from '../objects.ts';
import { executorOf } from '../runner/executor.ts';
import { type PutQuestion, tell } from './ask.ts';
import { settle } from './chores.ts';
import { driveJob } from './drive.ts';
import { isOver } from './machine.ts';
import { notApproved, orphaned } from './outcome.ts';
import { type TextPage, textPage } from './page.ts';
import type { Ending, Hold, JobSpec, JobView } from './record.ts';
import { DEAD_MAN_MS, expiresAt, nextAlarm, queueTimeout, waitsUntil } from './schedule.ts';
import { Signal } from './signal.ts';
import { passedBudget, SpendStore } from './spend.ts';
import { type Channel, type JobRow, JobStore } from './store.ts';
import { view } from './view.ts';

/** A job and a page of its events. */
export interface JobStatus {
  job: JobView;
  events: Event[];
  /** Cursor for the next page. */
  nextAfterSeq: number;
}

/** Text of a job. `partial` is what the CLI said so far where no answer is there yet. */
export interface JobText {
  job: JobView;
  page: TextPage;
  source: 'answer' | 'partial' | 'stdout' | 'stderr';
  /** Structured output as JSON, beside a first page of the answer. */
  structured?: string;
}

/** One alarm drives a job at most this long; the next one goes on. Under the platform's 15 min. */
const DRIVE_MS = 600_000;
/** Structured output above this many characters is not repeated beside the answer's text. */
const STRUCTURED_INLINE_CHARS = 100_000;

/** One job: its row, its log and its run. An alarm is set whenever something is left to do, so that it moves on unasked. */
export class Job extends DurableObject<Env> {
  readonly #store = new JobStore(this.ctx.storage);
  readonly #spend = new SpendStore(this.ctx.storage);
  readonly #config: Config = readConfig(this.env);
  readonly #changed = new Signal();
  #driving: Promise<void> | null = null;

  /** Stores the job, once, and starts it if it has its turn already. With `hold` it waits until a person approves it. */
  async create(spec: JobSpec, runToken: string, hasTurn: boolean, hold?: Hold): Promise<JobView> {
    const now = Date.now();
    this.#store.create(spec, runToken, now, hold);
    if (hasTurn) this.#store.mark('admitted_at', now);
    await this.#arm();
    if (hasTurn) this.ctx.waitUntil(this.#drive());
    return view(this.#existing(), now);
  }

  /** Lets a held job wait for its turn; any other stays as it is. */
  async approve(): Promise<void> {
    if (!this.#store.job() || !this.#store.approve(Date.now())) return;
    this.#changed.fire();
    await this.#arm();
  }

  /** Ends a held job that nobody let run; any other stays as it is. */
  async refuse(decision: 'denied' | 'expired', said?: string): Promise<void> {
    const row = this.#store.job();
    if (row?.state !== 'held' || !row.hold) return;
    this.#finish(notApproved(decision, row.hold, said));
    await this.#arm();
    this.ctx.waitUntil(this.#drive());
  }

  /** Gives the job its turn, which a held one has only once it was approved. False where it is over or was never created. */
  async admit(): Promise<boolean> {
    const row = this.#store.job();
    if (!row || isOver(row.state)) return false;
    const now = Date.now();
    if (this.#store.approve(now)) this.#changed.fire();
    this.#store.mark('admitted_at', now);
    await this.#arm();
    this.ctx.waitUntil(this.#drive());
    return true;
  }

  /** The job and a page of events after a cursor; null where the job was never created. */
  async status(after: number, limit: number): Promise<Result<JobStatus> | null> {
    const row = this.#store.job();
    if (!row) return null;
    if (after > row.cursor) return fail({ code: 'cursor_ahead', after, last: row.cursor });
    const events = this.#store.events(after, limit);
    const nextAfterSeq = events.length === limit ? (events.at(-1)?.seq ?? row.cursor) : row.cursor;
    return ok({ job: view(row, Date.now()), events, nextAfterSeq });
  }

  /** The same after waiting for an event past the cursor or the end; `lingerMs` gathers what follows the first event. */
  async wait(after: number, limit: number, waitMs: number, lingerMs = 0): Promise<Result<JobStatus> | null> {
    const until = Date.now() + waitMs;
    await this.#until((row) => row.cursor > after, until);
    await this.#until(() => false, Math.min(until, Date.now() + lingerMs));
    return this.status(after, limit);
  }

  async #until(enough: (row: JobRow) => boolean, until: number): Promise<void> {
    // Who waits does not wait for the alarm of a drive that was cut off.
    const found = this.#store.job();
    if (found && found.admitted_at !== null && !isOver(found.state)) this.ctx.waitUntil(this.#drive());
    for (let now = Date.now(); now < until; now = Date.now()) {
      const row = this.#store.job();
      if (!row || isOver(row.state) || enough(row)) return;
      await this.#changed.next(until - now);
    }
  }

  /** A page of the answer, or of the CLI's own output; null where the job was never created. */
  async text(wanted: 'answer' | 'stdout' | 'stderr', offset: number, maxChars: number): Promise<Result<JobText> | null> {
    const row = this.#store.job();
    if (!row) return null;
    const { result } = row.progress;
    const answer: Channel = result ? `answer:${result.index}` : 'said';
    const channel = wanted === 'answer' ? answer : wanted;
    const total = this.#store.length(channel);
    if (offset > total) return fail({ code: 'offset_ahead', offset, total });
    const page = textPage((from, units) => this.#store.read(channel, from, units), total, offset, maxChars);
    const source = channel === 'said' ? 'partial' : wanted;
    const structured = wanted === 'answer' && result ? this.#structured(result.index) : undefined;
    return ok({ job: view(row, Date.now()), page, source, structured });
  }

  #structured(index: number): string | undefined {
    const channel: Channel = `structured:${index}`;
    const length = this.#store.length(channel);
    return length > 0 && length <= STRUCTURED_INLINE_CHARS ? this.#store.read(channel, 0, length) : undefined;
  }

  /** Asks for the end of the job: at once while it is queued, else when its processes are gone. `over` tells that it had ended before. */
  async cancel(): Promise<{ job: JobView; over: boolean } | null> {
    const row = this.#store.job();
    if (!row) return null;
    if (isOver(row.state)) return { job: view(row, Date.now()), over: true };
    const now = Date.now();
    this.#store.mark('cancel_requested_at', now);
    if (row.state !== 'running') this.#finish({ state: 'canceled', reason: 'cancel' });
    else this.ctx.waitUntil(this.#executor(row).cancel(row.spec.id));
    await this.#arm();
    return { job: view(this.#existing(), now), over: false };
  }

  /** Deletes a job that is over, with all that it kept. Null where the job was never created. */
  async remove(): Promise<Result<JobView> | null> {
    const row = this.#store.job();
    if (!row) return null;
    if (!isOver(row.state)) return fail({ code: 'job_not_over', jobId: row.spec.id, state: row.state });
    await this.#drive();
    if (this.#existing().settled_at === null) throw new Error('the account did not answer');
    await this.ctx.storage.deleteAll();
    return ok(view(row, Date.now()));
  }

  /** Whether a call of this provider's models with this token belongs to this job's run, and may still be made. */
  async authorizes(token: string, provider: string): Promise<boolean> {
    const row = this.#store.job();
    if (!row || !this.goesOn() || row.admitted_at === null || row.spec.provider !== provider) return false;
    const [given, known] = [token, row.run_token].map((text) => new TextEncoder().encode(text));
    const isItsOwn =
      given?.byteLength === known?.byteLength &&
      crypto.subtle.timingSafeEqual(given ?? new Uint8Array(), known ?? new Uint8Array());
    if (!isItsOwn) return false;
    // Other jobs may have spent the day's budget since this one was let in.
    const budgetUsd = await this.#spendOfAccount(row, 0);
    if (budgetUsd !== undefined) this.#endOverBudget(budgetUsd);
    return budgetUsd === undefined;
  }

  /** Whether the run is still wanted: it is not over, and nobody and no budget ended it. */
  goesOn(): boolean {
    const row = this.#store.job();
    return row !== null && !isOver(row.state) && row.cancel_requested_at === null && row.progress.budgetUsd === undefined;
  }

  /** Keeps what a model call used so far, and ends the run once it has passed its budget or its account's. */
  async recordSpend(call: string, usage: Usage): Promise<void> {
    const row = this.#store.job();
    if (!row) return;
    const { total, risenUsd } = this.#spend.record(call, usage);
    this.#store.note({ spent: total });
    const ofAccount = await this.#spendOfAccount(row, risenUsd);
    const budgetUsd = passedBudget(row.spec, total) ?? ofAccount;
    if (budgetUsd !== undefined) this.#endOverBudget(budgetUsd);
  }

  /** Adds to what the account spent today. Gives its daily budget where that is passed. */
  async #spendOfAccount({ spec }: JobRow, usd: number): Promise<number | undefined> {
    const { dailyBudgetUsd } = this.#config.limits;
    if (dailyBudgetUsd === 0) return undefined;
    const account = accountOf(this.env, spec);
    const today = await (usd > 0 ? account.spend(usd) : account.spentToday());
    return today > dailyBudgetUsd ? dailyBudgetUsd : undefined;
  }

  /** Ends the run by the name of its budget, unless it ends for another reason already. */
  #endOverBudget(budgetUsd: number): void {
    const row = this.#existing();
    if (isOver(row.state) || row.cancel_requested_at !== null) return;
    this.#store.note({ budgetUsd });
    this.ctx.waitUntil(this.#executor(row).cancel(row.spec.id));
  }

  /** The executor is gone, and the run with it. */
  async executorGone(what: string): Promise<void> {
    if (this.#store.job()?.state !== 'running') return;
    this.#finish(orphaned('executor_lost', what));
    await this.#arm();
    this.ctx.waitUntil(this.#drive());
  }

  /** Takes a person's answer to a step that the run asks about; one that is not open, or answered, stays as it is. */
  async answer(ask: string, allowed: boolean, reason?: string): Promise<void> {
    const row = this.#store.job();
    if (row?.state !== 'running') return;
    const { asks, answers } = row.progress;
    if (answers[ask] !== undefined || !asks.some(({ id }) => id === ask)) return;
    const answer = { allowed, ...(reason !== undefined && { reason }) };
    this.#store.note({ answers: { ...answers, [ask]: answer } });
    this.#changed.fire();
    this.ctx.waitUntil(tell(this.#executor(row), row.spec.id, ask, answer));
  }

  override async alarm(): Promise<void> {
    await this.ctx.storage.setAlarm(Date.now() + DEAD_MAN_MS);
    const row = this.#store.job();
    if (!row) return;
    if (expiresAt(row, this.#config.limits) <= Date.now()) return this.ctx.storage.deleteAll();
    await this.#drive();
    await this.#arm();
  }

  /** One drive at a time; then the chores of a job that is over. */
  #drive(): Promise<void> {
    this.#driving ??= this.#driveOnce().finally(() => {
      this.#driving = null;
    });
    return this.#driving;
  }

  async #driveOnce(): Promise<void> {
    const row = this.#store.job();
    if (!row) return;
    const { limits, gateUrl } = this.#config;
    const store = this.#store;
    const executor = this.#executor(row);
    const gate = { baseUrl: `${gateUrl}/${row.spec.provider}`, token: `${row.spec.account}.${row.spec.id}.${row.run_token}` };
    const sleep = (ms: number) => this.#changed.next(ms);
    const changed = () => this.#changed.fire();
    const account = accountOf(this.env, row.spec);
    const put: PutQuestion = ({ id: question, tool, input }) => account.askStep({ job: row.spec.id, question, tool, input });
    const drive = { store, executor, gate, put, executorLostMs: limits.executorLostMs, now: Date.now, sleep, changed };
    if (row.state === 'held' && row.hold && Date.now() >= row.hold.expiresAt) this.#finish(notApproved('expired', row.hold));
    if (row.state === 'queued') await driveJob(drive, waitsUntil(row, limits), 'queued');
    const now = this.#existing();
    if (now.state === 'queued' && Date.now() >= waitsUntil(now, limits)) this.#finish(queueTimeout(now, limits));
    await driveJob(drive, Date.now() + DRIVE_MS, 'running');
    const end = this.#existing();
    if (isOver(end.state)) await this.#settle(end, executor);
  }

  async #settle(row: JobRow, executor: ReturnType<typeof executorOf>): Promise<void> {
    const account = accountOf(this.env, row.spec);
    await settle(this.#store, row, executor, (settlement) => account.release(row.spec.id, settlement), Date.now());
    await this.#arm();
  }

  #finish(ending: Ending): void {
    if (this.#store.finish(ending, Date.now())) this.#changed.fire();
  }

  /** Sets the alarm for what comes next. */
  async #arm(): Promise<void> {
    await this.ctx.storage.setAlarm(nextAlarm(this.#existing(), this.#config.limits, this.#driving !== null, Date.now()));
  }

  #executor(row: JobRow) {
    return executorOf(this.env, this.#config, row.spec.account, row.spec.workspace ?? 'default');
  }

  #existing(): JobRow {
    const row = this.#store.job();
    if (!row) throw new Error('the job was never created');
    return row;
  }
}
