import { DurableObject } from 'cloudflare:workers';
import { clock } from '../clock.ts';
import { readConfig } from '../config.ts';
import type { Result } from '../errors.ts';
import type { Grant, JobSpend } from '../job/budget.ts';
import type { Settlement } from '../job/finalize.ts';
import type { KeptConversation } from '../job/removal/erase.ts';
import { type Decision, decideApproval, expireApprovals, requestStepApproval, type Step } from './approval.ts';
import { type ApprovalPart, partOfArguments } from './approval-parts.ts';
import { type Access, auditAccess, eventFacts, headDueAt, keepHead, keptHead } from './audit.ts';
import { openAccount } from './context.ts';
import { deliverDecision, reconcileEntry, settleEntry } from './deliver.ts';
import { type Permit, permitCall, refundPermit } from './permit.ts';
import { type PolicyState, policyState, setPolicy, type Trial, type TrialResult, tryPolicy } from './policy-admin.ts';
import { nextToRun } from './queue.ts';
import { type JobUse, modelRefusal, recordUse, reserveSpend } from './reserve.ts';
import { type Submission, type Submitted, submitJob } from './submit.ts';
import type { Approval, ApprovalState } from './tables/approvals.ts';
import type { AuditFilter, AuditState } from './tables/audit-log.ts';
import type { AuditEnds, AuditRow } from './tables/audit-row.ts';
import type { ListFilter } from './tables/job-filter.ts';
import type { JobEntry } from './tables/jobs.ts';
import type { PolicyMode } from './tables/policies.ts';
import { nextRemoval, removeOld } from './tables/retention.ts';
import type { ToolCall } from './tool-call.ts';
import { announceDue } from './webhook.ts';

/** Numbers of an account's unfinished jobs. Held jobs wait for an approval. */
export interface AccountHealth {
  running: number;
  queued: number;
  held: number;
}

/** Unfinished entries are compared with their jobs this often, in ms. */
const RECONCILE_MS = 30_000;
/** A restarted object compares its entries after this, in ms, because it may have been interrupted. */
const WAKE_MS = 1_000;

/** One account: what its grants may do, its jobs, and the order in which they run. */
export class Account extends DurableObject<Env> {
  readonly #account = openAccount(this.ctx, this.env, readConfig(this.env));

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    if (this.#account.jobs.unfinished().length > 0) void ctx.storage.setAlarm(clock.now() + WAKE_MS);
  }

  /** Decides on a request for a job, and creates the job or finds its duplicate. */
  submit(submission: Submission): Promise<Result<Submitted>> {
    return submitJob(this.#account, submission, () => this.#arm());
  }

  /** Decides whether a call that makes no job may run now, and counts it if so. Without `hasApprovals`, a call that needs approval is refused. */
  async permit(call: ToolCall, hasApprovals = true): Promise<Result<Permit>> {
    const permitted = permitCall(this.#account, call, hasApprovals, clock.now());
    const isHeld = !permitted.ok && permitted.failure.code === 'approval_required';
    // Every call leaves rows that are removed by age.
    if (isHeld || (await this.ctx.storage.getAlarm()) === null) await this.#arm();
    return permitted;
  }

  /** Refunds the charges of a permitted call that did nothing, and makes its approval usable again. */
  refund(permit: Permit): void {
    refundPermit(this.#account, permit);
  }

  /** The policy of a target, with its newest changes. */
  policyState(target: string, maxChanges?: number): PolicyState {
    return policyState(this.#account, target, maxChanges);
  }

  /** Sets a target's policy, or removes it if `written` is null. It takes effect with the next call. */
  setPolicy(target: string, mode: PolicyMode, written: string | null, by: string): Result<null> {
    return setPolicy(this.#account, target, mode, written, by, clock.now());
  }

  /** What a policy would decide on a call, with the counters as they are. Changes nothing. */
  tryPolicy(trial: Trial): Result<TrialResult> {
    return tryPolicy(this.#account, trial, clock.now());
  }

  /** The hidden ones among some tools. A grant does not see them listed, and a call of one is answered as unknown. */
  hiddenTools(grant: string, tools: string[]): string[] {
    const { policy } = this.#account.policies.enforced(grant);
    return tools.filter((tool) => policy.isHidden(tool));
  }

  /** Approvals in one state, or those that are decided, newest first, below the place `before`; of one grant, or all. */
  approvals(state: ApprovalState | 'decided' | undefined, limit: number, before?: number, grant?: string): Approval[] {
    return this.#account.approvals.list(state, limit, before, grant);
  }

  approval(id: string): Approval | null {
    return this.#account.approvals.find(id) ?? null;
  }

  /** A part of what an approval covers, by its number from 1, or null. */
  approvalPart(id: string, part: number): ApprovalPart | null {
    const { approvals } = this.#account;
    const found = approvals.find(id);
    return (found && partOfArguments(approvals.argumentsOf(found), part)) ?? null;
  }

  /** Decides an approval, and delivers the decision to the job that waits for it. */
  async decide(decision: Decision): Promise<Result<Approval>> {
    const decided = decideApproval(this.#account, decision, clock.now());
    // The decision is stored, so the alarm repeats a delivery that fails.
    if (decided.ok) await this.#deliver(decided.value).catch(() => {});
    return decided;
  }

  /** Requests approval of a step of a run. Idempotent. A step that is already decided is delivered at once. */
  async askStep(step: Step): Promise<void> {
    const approval = requestStepApproval(this.#account, step, clock.now());
    if (approval.state === 'pending') await this.#arm();
    else await deliverDecision(this.#account, approval);
  }

  /** Rows of the audit log, newest first, below the number `before`. */
  audit(filter: AuditFilter, limit: number, before?: number): AuditRow[] {
    return this.#account.audit.list(filter, limit, before);
  }

  /** Rows of the audit log, oldest first, after a number: for copies of the whole log. */
  auditAfter(seq: number, limit: number): AuditRow[] {
    return this.#account.audit.after(seq, limit);
  }

  async auditEnds(): Promise<AuditEnds> {
    return this.#account.audit.ends(await keptHead(this.#account));
  }

  /** Recomputes the chain of the audit log, and looks for the head that was kept elsewhere. */
  async verifyAudit(): Promise<AuditState> {
    return this.#account.audit.verify(await keptHead(this.#account));
  }

  /** Writes an access to the audit log. */
  async recordAccess(access: Access): Promise<void> {
    auditAccess(this.#account, access, clock.now());
    await this.#arm();
  }

  /** Ends a job's entry, and gives the freed slot to the next job. Called by the job. Idempotent. */
  async release(id: string, settlement: Settlement): Promise<void> {
    if (settleEntry(this.#account, id, settlement, clock.now())) await this.#dispatch();
  }

  async #deliver(approval: Approval): Promise<void> {
    await deliverDecision(this.#account, approval);
    await this.#dispatch();
  }

  /** Gives queued jobs their turns. */
  async #dispatch(): Promise<void> {
    const { jobs, audit, limits, jobOf } = this.#account;
    const given = new Set(nextToRun(jobs.queue(), limits).map(({ id }) => id));
    const next = jobs.unfinished().filter(({ id }) => given.has(id) && jobs.start(id));
    const now = clock.now();
    for (const { id, grant_id, client, tool } of next)
      audit.add(eventFacts('start', grant_id, 'run', now, { client, tool, job: id }));
    await Promise.allSettled(next.map((entry) => jobOf(entry).dispatch()));
  }

  /** Adds to what the account spent today, and stores what a job has used and holds. Returns the daily budget in USD if it is used up. */
  spend(usd: number, job: JobUse): number | undefined {
    return recordUse(this.#account, usd, job, clock.now());
  }

  /** Reserves up to `usd` for a model call of a job. */
  reserveSpend(job: string, usd: number, spend: JobSpend): Grant {
    return reserveSpend(this.#account, job, usd, spend, clock.now());
  }

  /** Why the policy of a job does not allow its run to call a model, or undefined. */
  modelRefusal(job: string, options: Record<string, unknown>, model: string): string | undefined {
    return modelRefusal(this.#account, job, options, model);
  }

  /** Stores that a grant received the answer of a job that it requested. */
  markDelivered(id: string, grant: string): void {
    this.#account.jobs.deliver(id, grant);
  }

  /** Removes a deleted job with its approvals, and its session unless other jobs belong to it. Idempotent. Called by the job. */
  removeJob(id: string, provider: string, session: string | undefined): KeptConversation {
    const { jobs, approvals } = this.#account;
    jobs.remove(id);
    approvals.removeOfJob(id);
    if (session === undefined) return { otherJobs: 0, copies: [] };
    const kept = { otherJobs: jobs.countOfSession(session, provider), copies: jobs.copiesOf(session) };
    if (kept.otherJobs === 0) jobs.removeSession(session);
    return kept;
  }

  /** The tool that requested a job, or null for an unknown job. */
  toolOf(id: string): string | null {
    return this.#account.jobs.find(id)?.tool ?? null;
  }

  queuePlace(id: string): number | undefined {
    return this.#account.jobs.queuePlace(id);
  }

  /** The account's jobs, newest first. */
  list(filter: ListFilter): JobEntry[] {
    return this.#account.jobs.list(filter);
  }

  health(): AccountHealth {
    const states = this.#account.jobs.unfinished().map(({ state }) => state);
    const count = (wanted: string) => states.filter((state) => state === wanted).length;
    return { running: count('running'), queued: count('queued'), held: count('held') };
  }

  /** Expires approvals, compares entries with their jobs, sends announcements, and removes what is past its retention. */
  override async alarm(): Promise<void> {
    const now = clock.now();
    const { jobs } = this.#account;
    const expired = expireApprovals(this.#account, now);
    await this.#arm();
    await Promise.allSettled([
      ...expired.map((approval) => deliverDecision(this.#account, approval)),
      ...jobs.unfinished().map((entry) => reconcileEntry(this.#account, entry, now)),
      announceDue(this.#account, now),
      keepHead(this.#account, now),
    ]);
    removeOld(this.#account, now);
    await this.#dispatch();
    await this.#arm();
  }

  /** Sets the alarm to the next time that something is due. */
  async #arm(): Promise<void> {
    const { jobs, approvals, announcements } = this.#account;
    const now = clock.now();
    const next = Math.min(
      jobs.unfinished().length > 0 ? now + RECONCILE_MS : Number.POSITIVE_INFINITY,
      approvals.nextExpiry() ?? Number.POSITIVE_INFINITY,
      announcements.nextAt() ?? Number.POSITIVE_INFINITY,
      headDueAt(this.#account),
      nextRemoval(this.#account),
    );
    if (Number.isFinite(next)) await this.ctx.storage.setAlarm(Math.max(next, now + WAKE_MS));
  }
}
