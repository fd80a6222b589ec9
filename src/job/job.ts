import { DurableObject } from 'cloudflare:workers';
import type { Event, Usage } from '../../container/protocol.ts';
import { clock } from '../clock.ts';
import { type Config, readConfig } from '../config.ts';
import { fail, ok, type Result } from '../errors.ts';
import { runToken } from '../gate/run-token.ts';
import { accountOf } from '../objects.ts';
import { executorOf } from '../runner/executor.ts';
import { type OpenApproval, sendAnswer } from './asks.ts';
import { callableJob, closeCall, isRunWanted, openCall, recordSpend, type WantedCall } from './budget.ts';
import { driveJob } from './drive.ts';
import { finalize, type Settlement, settlementOf } from './finalize.ts';
import { finishLost } from './ingest.ts';
import { isOver } from './machine.ts';
import { openBudget } from './open-budget.ts';
import { notApproved } from './outcome.ts';
import type { Ending, Hold, JobSpec, JobView } from './record.ts';
import { eraseJob, eraseLeftover, type Removal } from './removal/erase.ts';
import { DRIVE_WATCHDOG_MS, expiresAt, nextAlarm, queueDeadline, queueTimeout } from './schedule.ts';
import { Signal } from './signal.ts';
import { SpendStore } from './spend.ts';
import { type JobRow, JobStore } from './store.ts';
import { answerPassage, structuredOf, type TextPage, textPage, wholeOf } from './text-page.ts';
import { viewOf } from './view/view.ts';

/** A job and a page of its events. */
export interface JobStatus {
  job: JobView;
  events: Event[];
  /** Cursor of the next page. */
  nextAfterSeq: number;
}

/** A page of a job's text. `partial` is the CLI's text so far, before its answer. */
export interface JobText {
  job: JobView;
  page: TextPage;
  source: 'answer' | 'partial' | 'stdout' | 'stderr';
  /** Structured output as JSON. */
  structured?: string;
}

/** Longest drive of one alarm, in ms. The next alarm continues. Below the platform's limit of 15 min. */
const DRIVE_MAX_MS = 600_000;

/** One job: its row, its log and its run. An alarm is set while something is left to do, so the job continues without any request. */
export class Job extends DurableObject<Env> {
  readonly #store = new JobStore(this.ctx.storage);
  readonly #config: Config = readConfig(this.env);
  readonly #changed = new Signal();
  readonly #budget = openBudget(this.env, this.#store, new SpendStore(this.ctx.storage), this.#config, this.#changed, (row) =>
    this.ctx.waitUntil(this.#executor(row.spec).cancel(row.spec.id)),
  );
  #driving: Promise<void> | null = null;

  /** Stores the job, once, and starts it if it has its turn already. With `hold` the job waits for its approval. */
  async create(spec: JobSpec, runToken: string, hasTurn: boolean, hold?: Hold, now = clock.now()): Promise<JobView> {
    this.#store.create(spec, runToken, now, hold);
    if (hasTurn) await this.#startDriving();
    else await this.#arm();
    return this.#view(this.#existing());
  }

  /** Queues a held job. Does nothing in any other state. */
  async approve(): Promise<void> {
    if (!this.#store.job() || !this.#store.approve(clock.now())) return;
    this.#changed.fire();
    await this.#arm();
  }

  /** Ends a held job that was not approved. Does nothing in any other state. */
  async refuse(decision: 'denied' | 'expired', comment?: string): Promise<void> {
    const row = this.#store.job();
    if (row?.state === 'held' && row.hold) await this.#end(notApproved(decision, row.hold, comment));
  }

  /** Gives the job its turn; approves a held one. Returns false if the job is over or was never created. */
  async dispatch(): Promise<boolean> {
    const row = this.#store.job();
    if (!row || isOver(row.state)) return false;
    if (this.#store.approve(clock.now())) this.#changed.fire();
    await this.#startDriving();
    return true;
  }

  async #startDriving(): Promise<void> {
    this.#store.mark('admitted_at', clock.now());
    await this.#arm();
    this.ctx.waitUntil(this.#drive());
  }

  /** The job and a page of its events after a cursor, or null if the job was never created. A page ends at `maxChars` of JSON. */
  async status(after: number, limit: number, maxChars?: number): Promise<Result<JobStatus> | null> {
    const row = this.#store.job();
    if (!row) return null;
    if (after > row.cursor) return fail({ code: 'cursor_ahead', after, last: row.cursor });
    const events = this.#store.events(after, limit, maxChars);
    const last = events.at(-1)?.seq ?? row.cursor;
    const nextAfterSeq = this.#store.hasEventAfter(last) ? last : row.cursor;
    return ok({ job: this.#view(row), events, nextAfterSeq });
  }

  /** Waits for an event past the cursor or the end of the job, then `lingerMs` for more events, and returns the status. */
  async wait(after: number, limit: number, waitMs: number, lingerMs = 0, maxChars?: number): Promise<Result<JobStatus> | null> {
    const until = clock.now() + waitMs;
    await this.#waitUntil((row) => row.cursor > after, until);
    await this.#waitUntil(() => false, Math.min(until, clock.now() + lingerMs));
    return this.status(after, limit, maxChars);
  }

  async #waitUntil(isEnough: (row: JobRow) => boolean, until: number): Promise<void> {
    // A waiter restarts an interrupted drive instead of waiting for the alarm.
    const found = this.#store.job();
    if (found && found.admitted_at !== null && !isOver(found.state)) this.ctx.waitUntil(this.#drive());
    for (let now = clock.now(); now < until; now = clock.now()) {
      const row = this.#store.job();
      if (!row || isOver(row.state) || isEnough(row)) return;
      await this.#changed.next(until - now);
    }
  }

  /** A page of the answer or of the CLI's output, or null if the job was never created. */
  async text(wanted: 'answer' | 'stdout' | 'stderr', offset: number, maxChars: number): Promise<Result<JobText> | null> {
    const row = this.#store.job();
    if (!row) return null;
    const { result } = row.progress;
    const isAnswer = wanted === 'answer';
    const answer = answerPassage(this.#store.texts, row.progress);
    const { channel, from: start, to } = isAnswer ? answer : wholeOf(this.#store.texts, wanted);
    const total = to - start;
    if (offset > total) return fail({ code: 'offset_ahead', offset, total });
    const read = (from: number, units: number) =>
      this.#store.texts.read(channel, start + from, Math.max(0, Math.min(units, total - from)));
    const page = textPage(read, total, offset, maxChars);
    const source = isAnswer && answer.isPartial ? 'partial' : wanted;
    const structured = isAnswer && result ? structuredOf(this.#store.texts, result.index) : undefined;
    return ok({ job: this.#view(row), page, source, structured });
  }

  /** Cancels the job: at once before its run, else as soon as its processes are gone. `over`: it had ended before. Null: it was never created. */
  async cancel(): Promise<{ job: JobView; over: boolean } | null> {
    const row = this.#store.job();
    if (!row) return null;
    if (isOver(row.state)) return { job: this.#view(row), over: true };
    this.#store.mark('cancel_requested_at', clock.now());
    if (row.state !== 'running') this.#finish({ state: 'canceled', reason: 'cancel' });
    else this.ctx.waitUntil(this.#executor(row.spec).cancel(row.spec.id));
    await this.#arm();
    return { job: this.#view(this.#existing()), over: false };
  }

  /** Deletes a job that is over with all that is kept of it. Returns null if the job was never created. */
  async remove(): Promise<Result<Removal> | null> {
    const row = this.#store.job();
    if (!row) return null;
    if (!isOver(row.state)) return fail({ code: 'job_not_over', jobId: row.spec.id, state: row.state });
    await this.#drive();
    if (this.#existing().settled_at === null) throw new Error('the account did not answer');
    return ok({ job: this.#view(row), ...(await this.#erase(row)) });
  }

  #erase = (row: JobRow) =>
    eraseJob(this.ctx.storage, this.#store, accountOf(this.env, row.spec), this.#executor(row.spec), row, clock.now());

  /** What the account stores of a job that is over, or null. */
  settlement(): Settlement | null {
    const row = this.#store.job();
    return row && isOver(row.state) ? settlementOf(this.#store, row, clock.now()) : null;
  }

  /** Whether a token belongs to this job's run, and the run may call the models of a provider. */
  mayCallModel(token: string, provider: string): boolean {
    return callableJob(this.#budget, token, provider) !== undefined;
  }

  /** Opens a model call of the run once its cost is reserved. Returns its id. */
  openCall(wanted: WantedCall): Promise<Result<string>> {
    return openCall(this.#budget, wanted);
  }

  /** Ends a model call, and releases what is left of its reservation. */
  closeCall(call: string): Promise<void> {
    return closeCall(this.#budget, call);
  }

  /** Whether the run may still call its model. */
  isWanted(): boolean {
    const row = this.#store.job();
    return row !== null && isRunWanted(row);
  }

  /** Stores what a model call has used so far. False: its budget is used up, and the call has to be cut. */
  recordSpend(call: string, usage: Usage): Promise<boolean> {
    return recordSpend(this.#budget, call, usage);
  }

  /** Stores when the model service accepts calls again, in ms since 1970, as it said in its last refusal. */
  async recordRetryAt(retryAt: number | undefined): Promise<void> {
    this.#store.note({ retryAt });
  }

  /** Orphans a running job whose executor is gone. */
  async orphan(cause: string): Promise<void> {
    if (this.#store.job()?.state !== 'running') return;
    finishLost(this.#store, { cause }, clock.now());
    this.#changed.fire();
    await this.#finalize();
  }

  /** Stores an approver's answer to a step that waits for one, and sends it to the run. Does nothing if the step is not open. */
  async answer(ask: string, allowed: boolean, reason?: string): Promise<void> {
    const row = this.#store.job();
    if (row?.state !== 'running') return;
    const { asks, answers } = row.progress;
    if (Object.hasOwn(answers, ask) || !asks.some(({ id }) => id === ask)) return;
    const answer = { allowed, ...(reason !== undefined && { reason }) };
    this.#store.note({ answers: { ...answers, [ask]: answer } });
    this.#changed.fire();
    this.ctx.waitUntil(sendAnswer(this.#executor(row.spec), row.spec.id, ask, answer));
  }

  override async alarm(): Promise<void> {
    await this.ctx.storage.setAlarm(clock.now() + DRIVE_WATCHDOG_MS);
    const row = this.#store.job();
    const { limits } = this.#config;
    if (!row) return eraseLeftover(this.ctx.storage, (left) => this.#executor(left), limits, clock.now());
    if (expiresAt(row, limits) <= clock.now()) return void (await this.#erase(row));
    await this.#drive();
    await this.#arm();
  }

  /** Drives the job, and finalizes it once it is over. Joins a drive that is under way. */
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
    const executor = this.#executor(row.spec);
    const gate = { baseUrl: `${gateUrl}/${row.spec.provider}`, token: await runToken(this.env, row.spec, row.run_token) };
    const sleep = (ms: number) => this.#changed.next(ms);
    const changed = () => this.#changed.fire();
    const account = accountOf(this.env, row.spec);
    const openApproval: OpenApproval = ({ id: question, tool, input, seq }) =>
      account.askStep({ job: row.spec.id, question, tool, input: (seq && store.askedInput(seq)) || input });
    const now = () => clock.now();
    const { executorLostMs, executorSilentMs } = limits;
    const drive = { store, executor, gate, openApproval, executorLostMs, executorSilentMs, now, sleep, changed };
    if (row.state === 'held' && row.hold && now() >= row.hold.expiresAt) this.#finish(notApproved('expired', row.hold));
    if (row.state === 'queued') await driveJob(drive, queueDeadline(row, limits), 'queued');
    const driven = this.#existing();
    if (driven.state === 'queued' && now() >= queueDeadline(driven, limits)) this.#finish(queueTimeout(driven, limits));
    await driveJob(drive, now() + DRIVE_MAX_MS, 'running');
    const end = this.#existing();
    if (!isOver(end.state)) return;
    await finalize(store, end, executor, (settlement) => account.release(row.spec.id, settlement), now());
    await this.#arm();
  }

  #finish(ending: Ending): void {
    if (this.#store.finish(ending, clock.now())) this.#changed.fire();
  }

  /** Ends the job and finalizes it. */
  async #end(ending: Ending): Promise<void> {
    this.#finish(ending);
    await this.#finalize();
  }

  async #finalize(): Promise<void> {
    await this.#arm();
    this.ctx.waitUntil(this.#drive());
  }

  /** Sets the alarm for what is due next. */
  async #arm(): Promise<void> {
    const alarm = nextAlarm(this.#existing(), this.#config.limits, this.#driving !== null, clock.now());
    await this.ctx.storage.setAlarm(alarm);
  }

  #executor({ account, workspace = 'default' }: Pick<JobSpec, 'account' | 'workspace'>) {
    return executorOf(this.env, this.#config, account, workspace);
  }

  #view(row: JobRow): JobView {
    return viewOf(row, clock.now(), () => this.#store.prompt());
  }

  #existing(): JobRow {
    const row = this.#store.job();
    if (!row) throw new Error('the job was never created');
    return row;
  }
}
