/** Every way in which a request to the gateway fails before or beside a job. Each arm holds facts and no prose. */
export type Failure =
  | { code: 'unauthorized' }
  | { code: 'not_found' }
  | { code: 'wrong_url'; url: string }
  | { code: 'host_refused'; host: string }
  | { code: 'origin_refused'; origin: string }
  | { code: 'rate_limited'; retryAfterMs?: number; rule?: string; reason?: string }
  | { code: 'policy_denied'; tool: string; rule: string; reason: string }
  | { code: 'approval_required'; tool: string; rule: string; reason: string; approvalId: string; expiresAt: number; url: string }
  | { code: 'budget_exceeded'; rule: string; reason: string; retryAfterMs?: number }
  | { code: 'approval_not_found'; approvalId: string }
  | { code: 'approval_decided'; approvalId: string; state: string }
  | { code: 'own_approval'; approvalId: string }
  | { code: 'approval_overtaken'; approvalId: string; rule: string; reason: string }
  | { code: 'body_too_large'; maxBytes: number }
  | { code: 'unknown_tool'; tool: string }
  | { code: 'scope_missing'; scope: string }
  | { code: 'invalid_input'; issues: string[] }
  | { code: 'job_not_found'; jobId: string }
  | { code: 'job_not_over'; jobId: string; state: string }
  | { code: 'cursor_ahead'; after: number; last: number }
  | { code: 'offset_ahead'; offset: number; total: number }
  | { code: 'session_not_found'; provider: string; sessionId: string }
  | { code: 'session_exists'; sessionId: string }
  | { code: 'saturated'; what: 'jobs' | 'approvals'; queued: number; max: number; retryAfterMs: number }
  | { code: 'idempotency_conflict'; jobId: string }
  | { code: 'provider_unavailable'; provider: string; settings: string[] }
  | { code: 'gate_refused'; reason: string }
  | { code: 'upstream_unreachable'; provider: string }
  | { code: 'internal'; incident: string };

/** A failure as its caller sees it. `retryAfterMs` is present if waiting helps. */
export interface ToolError {
  code: string;
  message: string;
  retryable: boolean;
  retryAfterMs?: number;
  /** Place in the policy that decided, and its reason. */
  rule?: string;
  reason?: string;
  /** The pending approval. */
  approvalId?: string;
}

type Details = Pick<ToolError, 'rule' | 'reason' | 'approvalId'>;
const detailsOf = ({ rule, reason, approvalId }: Details = {}) => ({
  ...(rule && { rule }),
  ...(reason && { reason }),
  ...(approvalId && { approvalId }),
});
const permanent = (message: string, details?: Details) => ({ message, retryable: false, ...detailsOf(details) });
const retryable = (message: string, retryAfterMs?: number, details?: Details) => ({
  message,
  retryable: true,
  ...(retryAfterMs && { retryAfterMs }),
  ...detailsOf(details),
});
/** Retryable only if the failure says how long to wait. */
const retryableIfTimed = (message: string, failure: Details & { retryAfterMs?: number }) =>
  failure.retryAfterMs === undefined ? permanent(message, failure) : retryable(message, failure.retryAfterMs, failure);

/** A clause as a sentence, with a capital and a full stop. */
export const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;

function describe(failure: Failure): Omit<ToolError, 'code'> {
  switch (failure.code) {
    case 'unauthorized':
      return permanent('This gateway requires a bearer token. Send "Authorization: Bearer <token>".');
    case 'not_found':
      return permanent('Not found. The MCP endpoint is /mcp.');
    case 'wrong_url':
      return permanent(`Not found. The MCP endpoint is ${failure.url}.`);
    case 'host_refused':
      return permanent(`This gateway does not serve ${failure.host}. Use its own https address, or set MCP_RESOURCE.`);
    case 'origin_refused':
      return permanent(`Pages of ${failure.origin} may not call this gateway. The operator can allow them in ALLOWED_ORIGINS.`);
    case 'rate_limited':
      return retryableIfTimed(
        failure.reason ? sentence(failure.reason) : 'Too many requests. Wait before the next one.',
        failure,
      );
    case 'policy_denied':
      return permanent(
        `The policy of this connection denies ${failure.tool}: ${sentence(failure.reason)} (${failure.rule})`,
        failure,
      );
    case 'approval_required':
      return retryable(
        `${failure.tool} needs approval: ${sentence(failure.reason)} Approve it at ${failure.url} before ${new Date(failure.expiresAt).toISOString()}, then repeat the identical call within an hour, once.`,
        undefined,
        failure,
      );
    case 'budget_exceeded':
      return retryableIfTimed(`The budget is used up: ${sentence(failure.reason)} (${failure.rule})`, failure);
    case 'approval_not_found':
      return permanent(`There is no approval "${failure.approvalId}". approval_list shows pending approvals.`);
    case 'approval_decided':
      return permanent(`Approval ${failure.approvalId} is already ${failure.state}.`);
    case 'approval_overtaken':
      return permanent(
        `Approval ${failure.approvalId} can no longer be granted, because the requester's policy now denies the call: ${sentence(failure.reason)} (${failure.rule}) Deny it, or change the policy first.`,
        failure,
      );
    case 'own_approval':
      return permanent(
        `Approval ${failure.approvalId} was requested by this connection, which cannot decide its own requests. A person or another connection can.`,
      );
    case 'body_too_large':
      return permanent(`The request body is too large (limit ${failure.maxBytes} bytes). Send a shorter prompt.`);
    case 'unknown_tool':
      return permanent(`There is no tool "${failure.tool}". tools/list shows the tools.`);
    case 'scope_missing':
      return permanent(`This connection lacks the scope "${failure.scope}". Connect again and grant it.`);
    case 'invalid_input':
      return permanent(failure.issues.join(' '));
    case 'job_not_found':
      return permanent(`There is no job "${failure.jobId}". llm_job_list shows your jobs.`);
    case 'job_not_over':
      return permanent(
        `Job ${failure.jobId} is ${failure.state}. Cancel it with llm_job_cancel, and delete it once it has ended.`,
      );
    case 'cursor_ahead':
      return permanent(
        `afterSeq ${failure.after} is ahead of the job's last event ${failure.last}. Use the nextAfterSeq of an earlier answer.`,
      );
    case 'offset_ahead':
      return permanent(`offset ${failure.offset} is past the end at ${failure.total}. Use the nextOffset of an earlier answer.`);
    case 'session_not_found':
      return permanent(
        `There is no ${failure.provider} conversation ${failure.sessionId}. Use the sessionId of an earlier job, or createNewSession.`,
      );
    case 'session_exists':
      return permanent(
        `Conversation ${failure.sessionId} already exists. Omit createNewSession to continue it, or use a new id.`,
      );
    case 'saturated':
      return retryable(
        `The queue is full: ${failure.queued} ${failure.what}, limit ${failure.max}. Try again later.`,
        failure.retryAfterMs,
      );
    case 'idempotency_conflict':
      return permanent(
        `This idempotencyKey belongs to job ${failure.jobId} with other arguments. Use a new key for a new request.`,
      );
    case 'provider_unavailable':
      return permanent(
        `The gateway has no key for ${failure.provider}. The operator has to set ${failure.settings.join(' or ')}.`,
      );
    case 'gate_refused':
      return permanent(failure.reason);
    case 'upstream_unreachable':
      return retryable(`The model service of ${failure.provider} cannot be reached.`, 5_000);
    case 'internal':
      return retryable(
        `The gateway failed (incident ${failure.incident}). Try again. The operator can find the incident in the log.`,
      );
    default:
      return failure satisfies never;
  }
}

/** A failure as tools answer with it. */
export function toToolError(failure: Failure): ToolError {
  return { code: failure.code, ...describe(failure) };
}

const STATUS: Record<Failure['code'], number> = {
  unauthorized: 401,
  not_found: 404,
  wrong_url: 404,
  host_refused: 403,
  origin_refused: 403,
  rate_limited: 429,
  policy_denied: 403,
  approval_required: 403,
  budget_exceeded: 429,
  approval_not_found: 404,
  approval_decided: 409,
  own_approval: 403,
  approval_overtaken: 409,
  body_too_large: 413,
  unknown_tool: 404,
  scope_missing: 403,
  invalid_input: 400,
  job_not_found: 404,
  job_not_over: 409,
  cursor_ahead: 400,
  offset_ahead: 400,
  session_not_found: 404,
  session_exists: 409,
  saturated: 429,
  idempotency_conflict: 409,
  provider_unavailable: 503,
  gate_refused: 403,
  upstream_unreachable: 502,
  internal: 500,
};

/** A failure as an HTTP response, its body `{error: ToolError}`. */
export function toHttpError(failure: Failure): Response {
  const error = toToolError(failure);
  const headers = new Headers();
  if (failure.code === 'unauthorized') headers.set('www-authenticate', 'Bearer realm="LLM CLI Gateway"');
  if (error.retryAfterMs) headers.set('retry-after', String(Math.ceil(error.retryAfterMs / 1000)));
  return Response.json({ error }, { status: STATUS[failure.code], headers });
}

/** What was thrown, as text. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A value, or the failure in its place. */
export type Result<T> = { ok: true; value: T } | { ok: false; failure: Failure };
export const ok = <T>(value: T): Result<T> => ({ ok: true, value });
export const fail = (failure: Failure): { ok: false; failure: Failure } => ({ ok: false, failure });
