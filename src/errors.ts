import { cutText } from './cut-text.ts';

/** Every way in which a request to the gateway fails before or beside a job. Each arm holds facts and no prose. */
export type Failure =
  | { code: 'unauthorized'; isTokenSent: boolean }
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
  | { code: 'unknown_tool'; tool: string; meant?: string | undefined }
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
  | { code: 'provider_unavailable'; provider: string; settings: string[]; page?: string | undefined }
  | { code: 'credentials_unavailable' }
  | { code: 'gate_refused'; reason: string }
  | { code: 'upstream_unreachable'; provider: string }
  | { code: 'disk_full' }
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

/** A clause as a sentence, with a capital and a full stop. */
export const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;

/** HTTP status and message of a failure. `retry`: a repetition helps, after that many ms if it is a number. */
type Description = [status: number, message: string, retry?: number | 'later' | undefined];

function describe(failure: Failure): Description {
  switch (failure.code) {
    case 'unauthorized':
      return [
        401,
        failure.isTokenSent
          ? 'This gateway does not accept the bearer token: it is unknown, expired or revoked. Send a valid one, or connect again.'
          : 'This gateway requires a bearer token. Send "Authorization: Bearer <token>".',
      ];
    case 'not_found':
      return [404, 'Not found. The MCP endpoint is /mcp.'];
    case 'wrong_url':
      return [404, `Not found. The MCP endpoint is ${failure.url}.`];
    case 'host_refused':
      return [403, `This gateway does not serve ${failure.host}. Use its own https address, or set MCP_RESOURCE.`];
    case 'origin_refused':
      return [403, `Pages of ${failure.origin} may not call this gateway. The operator can allow them in ALLOWED_ORIGINS.`];
    case 'rate_limited':
      return [
        429,
        failure.reason ? sentence(failure.reason) : 'Too many requests. Wait before the next one.',
        failure.retryAfterMs,
      ];
    case 'policy_denied':
      return [403, `The policy of this connection denies ${failure.tool}: ${sentence(failure.reason)} (${failure.rule})`];
    case 'approval_required':
      return [
        403,
        `${failure.tool} needs approval: ${sentence(failure.reason)} Approve it at ${failure.url} before ${new Date(failure.expiresAt).toISOString()}, then repeat the identical call within an hour, once.`,
        'later',
      ];
    case 'budget_exceeded':
      return [429, `The budget is used up: ${sentence(failure.reason)} (${failure.rule})`, failure.retryAfterMs];
    case 'approval_not_found':
      return [404, `There is no approval "${failure.approvalId}". approval_list shows pending approvals.`];
    case 'approval_decided':
      return [409, `Approval ${failure.approvalId} is already ${failure.state}.`];
    case 'approval_overtaken':
      return [
        409,
        `Approval ${failure.approvalId} can no longer be granted, because the requester's policy now denies the call: ${sentence(failure.reason)} (${failure.rule}) Deny it, or change the policy first.`,
      ];
    case 'own_approval':
      return [
        403,
        `Approval ${failure.approvalId} was requested by this connection, which cannot decide its own requests. A person or another connection can.`,
      ];
    case 'body_too_large':
      return [413, `The request body is too large (limit ${failure.maxBytes} bytes). Send a shorter prompt.`];
    case 'unknown_tool':
      return [
        404,
        `There is no tool "${failure.tool.slice(0, 80)}". ${failure.meant ? `Did you mean "${failure.meant}"? ` : ''}tools/list shows the tools.`,
      ];
    case 'scope_missing':
      return [403, `This connection lacks the scope "${failure.scope}". Connect again and grant it.`];
    case 'invalid_input':
      return [400, failure.issues.join(' ')];
    case 'job_not_found':
      return [404, `There is no job "${failure.jobId}". llm_job_list shows your jobs.`];
    case 'job_not_over':
      return [409, `Job ${failure.jobId} is ${failure.state}. Cancel it with llm_job_cancel, and delete it once it has ended.`];
    case 'cursor_ahead':
      return [
        400,
        `afterSeq ${failure.after} is ahead of the job's last event ${failure.last}. Use the nextAfterSeq of an earlier answer.`,
      ];
    case 'offset_ahead':
      return [400, `offset ${failure.offset} is past the end at ${failure.total}. Use the nextOffset of an earlier answer.`];
    case 'session_not_found':
      return [
        404,
        `There is no ${failure.provider} conversation ${failure.sessionId}. Use the sessionId of an earlier job, or createNewSession.`,
      ];
    case 'session_exists':
      return [409, `Conversation ${failure.sessionId} already exists. Omit createNewSession to continue it, or use a new id.`];
    case 'saturated':
      return [
        429,
        `The queue is full: ${failure.queued} ${failure.what}, limit ${failure.max}. Try again later.`,
        failure.retryAfterMs,
      ];
    case 'idempotency_conflict':
      return [409, `This idempotencyKey belongs to job ${failure.jobId} with other arguments. Use a new key for a new request.`];
    case 'provider_unavailable':
      return [
        503,
        `The gateway has no key for ${failure.provider}. ${failure.page ? `Store your own at ${failure.page}, or ask the operator to` : 'The operator has to'} set ${failure.settings.join(' or ')}.`,
      ];
    case 'credentials_unavailable':
      return [503, 'This gateway cannot store credentials. The operator has to set CREDENTIALS_SECRET.'];
    case 'gate_refused':
      return [403, failure.reason];
    case 'upstream_unreachable':
      return [502, `The model service of ${failure.provider} cannot be reached.`, 5_000];
    case 'disk_full':
      return [
        507,
        "The gateway's disk is full, so it accepts no calls. The operator has to free space. Then try again.",
        'later',
      ];
    case 'internal':
      return [
        500,
        `The gateway failed (incident ${failure.incident}). Try again. The operator can find the incident in the log.`,
        'later',
      ];
    default:
      return failure satisfies never;
  }
}

/** Longest message of a failure, in UTF-16 units: it may quote what the caller sent. */
const MAX_MESSAGE_CHARS = 4_000;

/** A failure as tools answer with it. */
export function toToolError(failure: Failure): ToolError {
  const [, whole, retry] = describe(failure);
  const message = cutText(whole, MAX_MESSAGE_CHARS);
  const { rule, reason, approvalId }: Partial<ToolError> = 'rule' in failure ? failure : {};
  return {
    code: failure.code,
    message,
    retryable: retry !== undefined,
    ...(typeof retry === 'number' && { retryAfterMs: retry }),
    ...(rule && { rule }),
    ...(reason && { reason }),
    ...(approvalId && { approvalId }),
  };
}

/** A failure as an HTTP response, its body `{error: ToolError}`. */
export function toHttpError(failure: Failure): Response {
  const error = toToolError(failure);
  const headers = new Headers();
  if (failure.code === 'unauthorized') headers.set('www-authenticate', 'Bearer realm="LLM CLI Gateway"');
  if (error.retryAfterMs) headers.set('retry-after', String(Math.ceil(error.retryAfterMs / 1000)));
  return Response.json({ error }, { status: describe(failure)[0], headers });
}

/** What was thrown, as text. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A value, or the failure in its place. */
export type Result<T> = { ok: true; value: T } | { ok: false; failure: Failure };
export const ok = <T>(value: T): Result<T> => ({ ok: true, value });
export const fail = (failure: Failure): { ok: false; failure: Failure } => ({ ok: false, failure });
