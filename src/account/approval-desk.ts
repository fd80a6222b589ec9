import { RpcTarget } from 'cloudflare:workers';
import type { Result } from '../errors.ts';
import type { Approval, ApprovalState } from './approvals.ts';
import type { Parts } from './parts.ts';
import { type Decision, decide } from './questions.ts';

/** What an account's persons are asked, as its pages and tools read and decide it. */
export class ApprovalDesk extends RpcTarget {
  readonly #parts: Parts;
  readonly #carry: (approval: Approval) => Promise<void>;

  /** `carry` brings a decision to who waits for it. */
  constructor(parts: Parts, carry: (approval: Approval) => Promise<void>) {
    super();
    this.#parts = parts;
    this.#carry = carry;
  }

  /** Newest first; `before` is the place of the last one already shown. */
  list(state: ApprovalState | undefined, limit: number, before?: number): Approval[] {
    return this.#parts.approvals.list(state, limit, before);
  }

  find(id: string): Approval | null {
    return this.#parts.approvals.find(id) ?? null;
  }

  async decide(decision: Decision): Promise<Result<Approval>> {
    const decided = decide(this.#parts, decision, Date.now());
    // The decision is stored; should the way to the job be cut, the alarm goes it again.
    if (decided.ok) await this.#carry(decided.value).catch(() => {});
    return decided;
  }

  /** Keeps what an approved call answered, once. */
  record(id: string, outcome: string): boolean {
    return this.#parts.approvals.record(id, outcome);
  }
}
