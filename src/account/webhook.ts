import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import type { Config } from '../config.ts';
import type { Approval } from './tables/approvals.ts';

const SCHEMA =
  'CREATE TABLE IF NOT EXISTS announcement (approval TEXT PRIMARY KEY, attempts INTEGER NOT NULL, next_at INTEGER NOT NULL) STRICT';

/** Pauses before what failed is sent again, in ms; after the last it is given up. */
const PAUSES_MS = [10_000, 60_000, 300_000, 1_800_000, 7_200_000] as const;
const ANSWER_MS = 10_000;

const Row = z.object({ approval: z.string(), attempts: z.number(), next_at: z.number() });
type Row = z.infer<typeof Row>;

/** Where questions to persons are announced, and the key that signs it. */
export interface Receiver {
  url: string;
  secret: string;
}

/** The receiver that is set, if one is. */
export const receiverOf = ({ approvalWebhookUrl: url, approvalWebhookSecret: secret }: Config): Receiver | undefined =>
  url === undefined || secret === undefined ? undefined : { url, secret };

/** A question as it is announced: its arguments short and without what looks like a secret. */
function payload({ id, kind, call, rule, reason, estimateUsd, job, createdAt, expiresAt }: Approval): string {
  const { tool, digest, grant, client, origin } = call;
  const data = {
    id,
    kind,
    tool,
    args: digest.view,
    grant,
    client,
    rule,
    reason,
    estimateUsd,
    jobId: job,
    expiresAt: new Date(expiresAt),
  };
  return JSON.stringify({
    type: 'approval.pending',
    timestamp: new Date(createdAt),
    data: { ...data, url: `${origin}/approvals` },
  });
}

/** Sends one announcement, signed. False where it did not arrive. */
async function send({ url, secret }: Receiver, approval: Approval, now: number): Promise<boolean> {
  const body = payload(approval);
  const headers = {
    'content-type': 'application/json',
    'webhook-id': approval.id,
    'webhook-timestamp': String(Math.floor(now / 1_000)),
    'webhook-signature': new Webhook(secret).sign(approval.id, new Date(now), body),
  };
  // A redirect could lead to where the URL itself may not.
  return fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal: AbortSignal.timeout(ANSWER_MS) }).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** What has still to be announced. */
export class Announcements {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
    this.#sql.exec(SCHEMA);
  }

  add(approval: string, now: number): void {
    this.#sql.exec('INSERT OR IGNORE INTO announcement (approval, attempts, next_at) VALUES (?, 0, ?)', approval, now);
  }

  /** When the next one is to be sent; null where there is none. */
  nextAt(): number | null {
    return this.#sql.exec<{ at: number | null }>('SELECT MIN(next_at) AS at FROM announcement').one().at;
  }

  /** Sends what is due. Each is repeated until it arrives, is given up, or its question is decided. */
  async deliver(receiver: Receiver | undefined, find: (id: string) => Approval | undefined, now: number): Promise<void> {
    const due = this.#sql
      .exec('SELECT approval, attempts, next_at FROM announcement WHERE next_at <= ?', now)
      .toArray()
      .map((row) => Row.parse(row));
    await Promise.all(due.map((row) => this.#deliverOne(row, receiver, find(row.approval), now)));
  }

  async #deliverOne(
    { approval: id, attempts }: Row,
    receiver: Receiver | undefined,
    approval: Approval | undefined,
    now: number,
  ): Promise<void> {
    const isWanted = receiver !== undefined && approval?.state === 'pending';
    // Moved on before it is sent: what is cut off in between is sent again later.
    const pause = PAUSES_MS[attempts];
    if (isWanted && pause !== undefined)
      this.#sql.exec('UPDATE announcement SET attempts = attempts + 1, next_at = ? WHERE approval = ?', now + pause, id);
    if (isWanted && !(await send(receiver, approval, now)) && pause !== undefined) return;
    if (isWanted && pause === undefined) console.warn(JSON.stringify({ webhook: 'given up', approval: id }));
    this.#sql.exec('DELETE FROM announcement WHERE approval = ?', id);
  }
}
