import { DurableObject } from 'cloudflare:workers';
import { clock } from '../clock.ts';
import { DAY_MS, readConfig } from '../config.ts';
import type { Result } from '../errors.ts';
import type { Settlement } from '../job/chores.ts';
import { askStep, type Decision, decide, expire, type Step } from './ask.ts';
import { carry, reconcile } from './carry.ts';
import { openParts } from './context.ts';
import { end } from './end.ts';
import { type Permit, permit, refund } from './permit.ts';
import { type PolicyState, policyState, setPolicy, type Trial, type Tried, tryPolicy } from './policy-admin.ts';
import { turns } from './queue.ts';
import { type Submission, type Submitted, submit } from './submit.ts';
import type { Approval, ApprovalState } from './tables/approvals.ts';
import type { AuditFilter } from './tables/audit-log.ts';
import type { AuditEnds, AuditRow } from './tables/audit-row.ts';
import type { Entry, ListFilter } from './tables/jobs.ts';
import type { PolicyMode, SetPolicy } from './tables/policies.ts';
import { otherFacts, type ToolCall } from './tool-call.ts';
import { type AuditState, verifyAudit } from './verify-audit.ts';

/** Jobs of an account by what they wait for. */
export interface AccountHealth {
  running: number;
  queued: number;
  /** Those that wait for a person. */
  held: number;
}

/** Entries that are not over are compared with their jobs this often, in ms. */
const RECONCILE_MS = 30_000;
/** An object that begins anew may have been cut off in the middle of something: it compares after this, in ms. */
const WAKE_MS = 1_000;

/** One account: what its grants may do, which jobs it has, and whose turn comes next. */
export class Account extends DurableObject<Env> {
  readonly #parts = openParts(this.ctx, this.env, readConfig(this.env));

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    if (this.#parts.store.unfinished().length > 0) void ctx.storage.setAlarm(clock.now() + WAKE_MS);
  }

  /** Decides on a request for a job, and makes the job or finds the one that was made before. */
  submit(submission: Submission): Promise<Result<Submitted>> {
    return submit(this.#parts, submission, () => this.#arm());
  }

  /** Whether a call that makes no job may be made now; if so it is counted. Where it `asks`, a person may be asked about it. */
  async permit(call: ToolCall, asks = true): Promise<Result<Permit>> {
    const permitted = permit(this.#parts, call, asks, clock.now());
    if (!permitted.ok && permitted.failure.code === 'approval_required') await this.#arm();
    return permitted;
  }

  /** Refunds what a permitted call was counted as, because it did nothing. A permit of an approval can be used again. */
  refund(permit: Permit): void {
    refund(this.#parts, permit);
  }

  /** Every policy that is set. */
  policies(): SetPolicy[] {
    return this.#parts.policies.all();
  }

  policyState(target: string): PolicyState {
    return policyState(this.#parts, target);
  }

  /** Sets a target's policy, or takes it away where `written` is null. It holds from the next call on. */
  setPolicy(target: string, mode: PolicyMode, written: string | null, by: string): Result<null> {
    return setPolicy(this.#parts, target, mode, written, by, clock.now());
  }

  /** What a policy would decide on a call, with the counters as they are. Changes nothing. */
  tryPolicy(trial: Trial): Result<Tried> {
    return tryPolicy(this.#parts, trial, clock.now());
  }

  /** Those of some tools that are hidden from a grant: they are not listed, and answer as unknown. */
  hiddenTools(grant: string, tools: string[]): string[] {
    const { policy } = this.#parts.policies.enforced(grant);
    return tools.filter((tool) => policy.isHidden(tool));
  }

  /** What persons are asked and decided, newest first; `before` is the place of the last one already shown. */
  approvals(state: ApprovalState | undefined, limit: number, before?: number): Approval[] {
    return this.#parts.approvals.list(state, limit, before);
  }

  approval(id: string): Approval | null {
    return this.#parts.approvals.find(id) ?? null;
  }

  /** Decides a question, and tells the job that waits for it. */
  async decide(decision: Decision): Promise<Result<Approval>> {
    const decided = decide(this.#parts, decision, clock.now());
    // The decision is stored; should the way to the job be cut, the alarm goes it again.
    if (decided.ok) await this.#carry(decided.value).catch(() => {});
    return decided;
  }

  /** Puts a step that a run asks about to a person; safe to repeat. Where it is decided already, the job is told at once. */
  async askStep(step: Step): Promise<void> {
    const approval = askStep(this.#parts, step, clock.now());
    if (approval.state === 'pending') await this.#arm();
    else await carry(this.#parts, approval);
  }

  /** Rows of the audit log, newest first, below a number where one is given. */
  audit(filter: AuditFilter, limit: number, before?: number): AuditRow[] {
    return this.#parts.audit.list(filter, limit, before);
  }

  /** The same oldest first, after a number: for copies of the whole log. */
  auditAfter(seq: number, limit: number): AuditRow[] {
    return this.#parts.audit.after(seq, limit);
  }

  auditEnds(): AuditEnds {
    return this.#parts.audit.ends();
  }

  /** Computes the chain of the audit log anew. */
  verifyAudit(): AuditState {
    return verifyAudit(this.#parts.audit);
  }

  /** Ends a job's entry; called by the job, and safe to repeat. Gives the freed slot to the next in turn. */
  async release(id: string, settlement: Settlement): Promise<void> {
    if (end(this.#parts, id, settlement, clock.now())) await this.#giveTurns();
  }

  async #carry(approval: Approval): Promise<void> {
    await carry(this.#parts, approval);
    await this.#giveTurns();
  }

  async #giveTurns(): Promise<void> {
    const { store, audit, limits, jobOf } = this.#parts;
    const given = new Set(turns(store.standings(), limits).map(({ id }) => id));
    const next = store.unfinished().filter(({ id }) => given.has(id) && store.take(id));
    const now = clock.now();
    for (const { id, grant_id, client, tool } of next)
      audit.add(otherFacts('start', grant_id, 'run', now, { client, tool, job: id }));
    await Promise.allSettled(next.map((entry) => jobOf(entry).admit()));
  }

  /** Adds to what the account spent today. Gives the sum in USD. */
  spend(usd: number): number {
    this.#parts.spending.add(usd, clock.now());
    return this.spentToday();
  }

  spentToday(): number {
    return this.#parts.spending.today(clock.now());
  }

  /** Forgets a job that was deleted. */
  forget(id: string): void {
    this.#parts.store.remove(id);
  }

  /** The tool by which a job was asked for; null where there is no such job. */
  toolOf(id: string): string | null {
    return this.#parts.store.find(id)?.tool ?? null;
  }

  queuePlace(id: string): number | undefined {
    return this.#parts.store.queuePlace(id);
  }

  /** Own jobs, newest first. */
  list(filter: ListFilter): Entry[] {
    return this.#parts.store.list(filter);
  }

  health(): AccountHealth {
    const states = this.#parts.store.unfinished().map(({ state }) => state);
    const count = (wanted: string) => states.filter((state) => state === wanted).length;
    return { running: count('running'), queued: count('queued'), held: count('held') };
  }

  /** Closes what nobody decided, compares entries with their jobs, and forgets what is old. */
  override async alarm(): Promise<void> {
    const now = clock.now();
    const { store, approvals, audit, limits, announcements, receiver } = this.#parts;
    const expired = expire(this.#parts, now);
    await this.#arm();
    await Promise.allSettled([
      ...expired.map((approval) => carry(this.#parts, approval)),
      ...store.unfinished().map((entry) => reconcile(this.#parts, entry, now)),
      announcements.deliver(receiver, (id) => approvals.find(id), now),
    ]);
    store.forget(now - limits.retentionDays * DAY_MS);
    approvals.forget(now - limits.retentionDays * DAY_MS);
    audit.forget(now - limits.auditRetentionDays * DAY_MS);
    await this.#giveTurns();
    await this.#arm();
  }

  /** Sets the alarm for what comes next. */
  async #arm(): Promise<void> {
    const { store, approvals, announcements, audit, limits } = this.#parts;
    const now = clock.now();
    const after = (from: number | null, days: number) => (from === null ? Number.POSITIVE_INFINITY : from + days * DAY_MS);
    const next = Math.min(
      store.unfinished().length > 0 ? now + RECONCILE_MS : Number.POSITIVE_INFINITY,
      after(approvals.nextExpiry(), 0),
      after(announcements.nextAt(), 0),
      after(store.oldestEnd(), limits.retentionDays),
      after(audit.oldest(), limits.auditRetentionDays),
    );
    if (Number.isFinite(next)) await this.ctx.storage.setAlarm(Math.max(next, now + WAKE_MS));
  }
}
