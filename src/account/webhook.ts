import { Webhook } from 'standardwebhooks';
import type { AccountContext } from './context.ts';
import type { Approval } from './tables/approvals.ts';
import type { AuditHead } from './tables/audit-row.ts';

/** Pauses before a failed announcement is repeated, in ms. After the last one it is given up. */
const PAUSES_MS = [10_000, 60_000, 300_000, 1_800_000, 7_200_000] as const;
const ANSWER_MS = 10_000;

type Receiver = NonNullable<AccountContext['receiver']>;

/** The body of an announcement. Its arguments are the short view without secrets. It carries the head of the audit log, as a copy elsewhere. */
function payload(
  { id, kind, call, rule, reason, estimateUsd, job, createdAt, expiresAt }: Approval,
  auditHead: AuditHead,
): string {
  const { tool, digest, grant, client, origin } = call;
  const of = { id, kind, tool, args: digest.view, grant, client, rule, reason, estimateUsd, jobId: job };
  const data = { ...of, auditHead, expiresAt: new Date(expiresAt), url: `${origin}/approvals` };
  return JSON.stringify({ type: 'approval.pending', timestamp: new Date(createdAt), data });
}

/** Sends one announcement, signed. False if the receiver did not accept it. */
async function send({ url, secret }: Receiver, approval: Approval, auditHead: AuditHead, now: number): Promise<boolean> {
  const body = payload(approval, auditHead);
  const headers = {
    'content-type': 'application/json',
    'webhook-id': approval.id,
    'webhook-timestamp': String(Math.floor(now / 1_000)),
    'webhook-signature': new Webhook(secret).sign(approval.id, new Date(now), body),
  };
  // Redirects are not followed, because they could lead to a host that the URL itself may not name.
  return fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal: AbortSignal.timeout(ANSWER_MS) }).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** Sends an announcement and repeats it until it arrives, is given up, or its approval is decided. */
async function announce(
  { announcements, approvals, audit, receiver }: AccountContext,
  id: string,
  attempts: number,
  now: number,
) {
  const approval = approvals.find(id);
  if (receiver && approval?.state === 'pending') {
    const pause = PAUSES_MS[attempts];
    // Postponed before it is sent, so that an interrupted attempt is repeated.
    if (pause !== undefined) announcements.postpone(id, now + pause);
    const isSent = await send(receiver, approval, audit.head(), now);
    if (!isSent && pause !== undefined) return;
    if (!isSent) console.warn(JSON.stringify({ webhook: 'given up', approval: id }));
  }
  announcements.remove(id);
}

/** Sends the announcements that are due. */
export async function announceDue(account: AccountContext, now: number): Promise<void> {
  await Promise.all(account.announcements.due(now).map(({ approval, attempts }) => announce(account, approval, attempts, now)));
}
