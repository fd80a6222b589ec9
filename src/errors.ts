/** Every way in which a request to the gateway fails before or beside a job. Each arm carries its facts and no prose. */
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

/** What a caller reads of a failure. `retryAfterMs` is there where waiting helps. */
export interface ToolError {
  code: string;
  message: string;
  retryable: boolean;
  retryAfterMs?: number;
  /** Place in the policy that decided, and what it says. */
  rule?: string;
  reason?: string;
  /** The question that is put to a person. */
  approvalId?: string;
}

type Ground = Pick<ToolError, 'rule' | 'reason' | 'approvalId'>;
const groundOf = ({ rule, reason, approvalId }: Ground = {}) => ({
  ...(rule && { rule }),
  ...(reason && { reason }),
  ...(approvalId && { approvalId }),
});
const no = (message: string, ground?: Ground) => ({ message, retryable: false, ...groundOf(ground) });
const yes = (message: string, retryAfterMs?: number, ground?: Ground) => ({
  message,
  retryable: true,
  ...(retryAfterMs && { retryAfterMs }),
  ...groundOf(ground),
});
/** A refusal that waiting mends only where it says how long. */
const mended = (message: string, failure: Ground & { retryAfterMs?: number }) =>
  failure.retryAfterMs === undefined ? no(message, failure) : yes(message, failure.retryAfterMs, failure);

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;

function describe(failure: Failure): Omit<ToolError, 'code'> {
  switch (failure.code) {
    case 'unauthorized':
      return no('This gateway needs a bearer token. Send "Authorization: Bearer <token>".');
    case 'not_found':
      return no('Nothing is here. MCP clients connect to /mcp.');
    case 'wrong_url':
      return no(`Nothing is served at this address. The MCP endpoint is ${failure.url}.`);
    case 'host_refused':
      return no(`This gateway does not answer for ${failure.host}. Use its own address, with https, or set MCP_RESOURCE.`);
    case 'origin_refused':
      return no(`Pages of ${failure.origin} may not call this gateway. The operator allows them in ALLOWED_ORIGINS.`);
    case 'rate_limited':
      return mended(failure.reason ? sentence(failure.reason) : 'Too many requests. Wait before the next one.', failure);
    case 'policy_denied':
      return no(`The policy of this connection denies ${failure.tool}: ${sentence(failure.reason)} (${failure.rule})`, failure);
    case 'approval_required':
      return yes(
        `${failure.tool} needs the approval of a person: ${sentence(failure.reason)} It can be given at ${failure.url} until ${new Date(failure.expiresAt).toISOString()}. After that, repeat the identical call within an hour, once.`,
        undefined,
        failure,
      );
    case 'budget_exceeded':
      return mended(`The budget is used up: ${sentence(failure.reason)} (${failure.rule})`, failure);
    case 'approval_not_found':
      return no(`There is no approval "${failure.approvalId}". approval_list shows those that are pending.`);
    case 'approval_decided':
      return no(`Approval ${failure.approvalId} is ${failure.state} already.`);
    case 'approval_overtaken':
      return no(
        `Approval ${failure.approvalId} cannot be given: the policy of who asked denies the call by now: ${sentence(failure.reason)} (${failure.rule}) Deny it, or change the policy first.`,
        failure,
      );
    case 'own_approval':
      return no(
        `Approval ${failure.approvalId} was asked by this very connection, which cannot decide it. A person or another one can.`,
      );
    case 'body_too_large':
      return no(`The request body is over ${failure.maxBytes} bytes. Send a shorter prompt.`);
    case 'unknown_tool':
      return no(`There is no tool "${failure.tool}". tools/list names the tools.`);
    case 'scope_missing':
      return no(`This connection was not granted the scope "${failure.scope}". Connect again and allow it.`);
    case 'invalid_input':
      return no(failure.issues.join(' '));
    case 'job_not_found':
      return no(`There is no job "${failure.jobId}". llm_job_list shows your jobs.`);
    case 'job_not_over':
      return no(`Job ${failure.jobId} is ${failure.state}. Cancel it with llm_job_cancel first, and delete it when it is over.`);
    case 'cursor_ahead':
      return no(
        `afterSeq ${failure.after} is ahead of the job's last event ${failure.last}. Use the nextAfterSeq of an earlier answer.`,
      );
    case 'offset_ahead':
      return no(`offset ${failure.offset} is past the end at ${failure.total}. Use the nextOffset of an earlier answer.`);
    case 'session_not_found':
      return no(
        `There is no ${failure.provider} conversation ${failure.sessionId}. Use the sessionId of an earlier job, or createNewSession.`,
      );
    case 'session_exists':
      return no(
        `There is a conversation ${failure.sessionId} already. Leave createNewSession out to continue it, or use a new id.`,
      );
    case 'saturated':
      return yes(
        `${failure.queued} ${failure.what} are waiting already, the most is ${failure.max}. Try again later.`,
        failure.retryAfterMs,
      );
    case 'idempotency_conflict':
      return no(`This idempotencyKey belongs to job ${failure.jobId} with other arguments. Use a new key for a new request.`);
    case 'provider_unavailable':
      return no(`No key for ${failure.provider}: the operator has to set ${failure.settings.join(' or ')}.`);
    case 'gate_refused':
      return no(failure.reason);
    case 'upstream_unreachable':
      return yes(`The model service of ${failure.provider} cannot be reached.`, 5_000);
    case 'internal':
      return yes(`The gateway failed (incident ${failure.incident}). Try again; the operator finds the incident in the log.`);
    default:
      return failure satisfies never;
  }
}

/** The failure as a tool answers it. */
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

/** The failure as an HTTP answer, its body `{error: ToolError}`. */
export function toHttpError(failure: Failure): Response {
  const error = toToolError(failure);
  const headers = new Headers();
  if (failure.code === 'unauthorized') headers.set('www-authenticate', 'Bearer realm="LLM CLI Gateway"');
  if (error.retryAfterMs) headers.set('retry-after', String(Math.ceil(error.retryAfterMs / 1000)));
  return Response.json({ error }, { status: STATUS[failure.code], headers });
}

/** What was thrown, as text. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A value or the reason why there is none. */
export type Result<T> = { ok: true; value: T } | { ok: false; failure: Failure };
export const ok = <T>(value: T): Result<T> => ({ ok: true, value });
export const fail = (failure: Failure): { ok: false; failure: Failure } => ({ ok: false, failure });
