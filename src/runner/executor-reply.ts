import { z } from 'zod';
import { EXECUTOR_ERRORS, PROTOCOL_VERSION } from '../../container/protocol.ts';
import { parsedJson } from '../../container/providers/json.ts';

/** Why a call of the executor returned no value. */
export interface ReplyFault {
  /** Stable code: one of the executor, or one of FAULTS. */
  code: string;
  /** What happened, in sentences for the caller. */
  message: string;
  /** Whether the same call may succeed later without a change by the operator. */
  retryable: boolean;
  /** What to do next; empty if the message says it. */
  advice: string;
}

/** The executor's answer, its refusal, or no answer of an executor that the gateway can use, after which the call may have had its effect. */
export type ExecutorReply<T> =
  | { kind: 'ok'; value: T }
  | { kind: 'refused'; error: ReplyFault }
  | { kind: 'unanswered'; error: ReplyFault };

/** Any reply but a value. */
export type FailedReply = Exclude<ExecutorReply<unknown>, { kind: 'ok' }>;

interface Row extends Pick<ReplyFault, 'retryable' | 'advice'> {
  /** The message if the executor gave none. */
  says?: string;
}

const passing = (advice: string, says?: string): Row => ({ retryable: true, advice, ...(says && { says }) });
const permanent = (advice: string, says?: string): Row => ({ retryable: false, advice, ...(says && { says }) });

const CHECK_ADDRESS = 'The operator has to check EXECUTOR_URL, or the container in the dashboard.';
const DEPLOY_BOTH = 'The operator has to deploy Worker and executor of the same version.';

/** Every reply without a value: whether it passes, what to do, and what it means if no executor said it. */
const FAULTS = {
  executor_unreachable: passing(
    'The operator has to check that the executor runs, and EXECUTOR_URL or the container in the dashboard.',
    'The executor cannot be reached.',
  ),
  executor_silent: passing(
    'The operator has to check whether the executor is overloaded or paused.',
    'The executor did not answer.',
  ),
  executor_proxy_error: passing(
    'The operator has to check that the executor runs behind that server.',
    'A server in front of the executor failed.',
  ),
  executor_forbidden: permanent(
    'The operator has to allow the gateway there.',
    'A server in front of the executor refuses the gateway.',
  ),
  not_an_executor: permanent(CHECK_ADDRESS, 'The address of the executor is answered by something else.'),
  executor_error: permanent(DEPLOY_BOTH),
  // It passes, because the token of a box is replaced on one side after the other.
  unauthorized: passing(
    'The operator has to set EXECUTOR_TOKEN to the same value for the gateway and the executor.',
    'The executor does not accept the token of the gateway.',
  ),
  protocol_mismatch: permanent(DEPLOY_BOTH),
  too_large: permanent('Send a shorter prompt.', 'The request is too large for the executor.'),
  bad_request: permanent(''),
  unknown_provider: permanent(DEPLOY_BOTH),
  cli_missing: permanent(''),
  run_not_found: permanent(''),
  ask_not_found: permanent(''),
  events_gone: permanent(''),
  run_conflict: permanent(''),
  session_not_found: permanent(''),
  session_busy: passing(''),
  state_changed: passing('Try again.'),
  at_capacity: passing('Try again when fewer jobs run.'),
  disk_full: passing('The operator has to free space there.'),
  shutting_down: passing('Try again in a minute.'),
  internal: passing(''),
} as const satisfies Record<keyof typeof EXECUTOR_ERRORS | `${string}executor${string}`, Row>;

/** A code with a meaning in the table. */
export type FaultCode = keyof typeof FAULTS;

const isKnown = (code: string): code is FaultCode => Object.hasOwn(FAULTS, code);
const ROWS: Record<FaultCode, Row> = FAULTS;

/** A fault of the table. `message` replaces what the table says. */
export function faultOf(code: FaultCode, message?: string): ReplyFault {
  const { says, retryable, advice } = ROWS[code];
  return { code, message: message ?? says ?? code, retryable, advice };
}

/** The advice for a code, or undefined for one that is not in the table. */
export const adviceFor = (code: string): string | undefined => (isKnown(code) ? ROWS[code].advice : undefined);

export const unanswered = (code: FaultCode, message?: string): FailedReply => ({
  kind: 'unanswered',
  error: faultOf(code, message),
});

/** Meanings of the statuses of servers that are no executor. Others below 500 mean that the address is wrong. */
const BY_STATUS: Record<number, FaultCode> = {
  401: 'unauthorized',
  403: 'executor_forbidden',
  408: 'executor_proxy_error',
  413: 'too_large',
  429: 'executor_proxy_error',
};

/** Tolerates codes of a newer executor. */
const Refusal = z.object({ code: z.string().max(64), message: z.string().max(4_000) });

function refusal(status: number, { code, message }: z.infer<typeof Refusal>): FailedReply {
  // The message of the executor is for a person who calls it by hand.
  if (code === 'unauthorized') return { kind: 'refused', error: faultOf(code) };
  if (isKnown(code)) return { kind: 'refused', error: faultOf(code, message) };
  const retryable = status >= 500 || status === EXECUTOR_ERRORS.at_capacity;
  return { kind: 'refused', error: { ...faultOf('executor_error', message), code, retryable } };
}

const kindOf = (body: string) => (body.trim() === '' ? 'an empty answer' : /^\s*</.test(body) ? 'a page of HTML' : 'no JSON');

/** A response of the executor, or of whatever is at its address. `read` throws for a body that does not fit the protocol. */
export function readReply<T>(status: number, body: string, read: (body: string) => T): ExecutorReply<T> {
  if (status >= 200 && status < 300) {
    try {
      return { kind: 'ok', value: read(body) };
    } catch {
      if (body.split('\n').some((line) => line !== '' && parsedJson(line) === undefined) || body === '')
        return unanswered('not_an_executor', `${FAULTS.not_an_executor.says} It returned ${kindOf(body)} (HTTP ${status}).`);
      return unanswered('protocol_mismatch', mismatch(undefined));
    }
  }
  const refused = Refusal.safeParse(parsedJson(body));
  if (refused.success) return refusal(status, refused.data);
  const code = BY_STATUS[status] ?? (status >= 500 ? 'executor_proxy_error' : 'not_an_executor');
  return unanswered(code, `${ROWS[code].says} It returned HTTP ${status}.`);
}

/** Says that the executor's answers do not fit. `protocol` is its version, if it is known. */
export const mismatch = (protocol: number | undefined): string =>
  `The executor uses ${protocol === undefined ? 'a protocol of an unknown version' : `protocol ${protocol}`}, the gateway uses ${PROTOCOL_VERSION}: its answers cannot be read.`;
