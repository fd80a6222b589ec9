import type { EndCause, Event, ResultItem } from '../../container/protocol.ts';
import { providers } from '../../container/providers/index.ts';
import type { Ending, Hold, JobError } from './record.ts';

type Exit = Extract<Event, { kind: 'exit' }>;

/** What is known of a run that ended. */
export interface RunEnd {
  exit: Pick<Exit, 'cause' | 'limit' | 'code' | 'signal' | 'detail'>;
  result: ResultItem | undefined;
  /** Characters of the last result's text and of its structured output. */
  answerChars: number;
  structuredChars: number;
  /** The request asked for structured output. */
  wantsStructured: boolean;
  provider: string;
  /** The budget that the gate saw it pass; that is why it was ended, unless it had ended well before. */
  budgetUsd?: number | undefined;
}

const seconds = (ms: number | undefined) => `${Math.round((ms ?? 0) / 100) / 10} s`;
const error = (code: string, message: string, retryable = false, retryAfterMs?: number): JobError => ({
  code,
  message,
  retryable,
  ...(retryAfterMs && { retryAfterMs }),
});
const failed = (found: JobError): Ending => ({ state: 'failed', reason: found.code, error: found });
const KEPT = 'What the CLI wrote is kept: read it with llm_job_result.';

/** Ends that the gateway or the executor brought about, by cause. */
const CUT: Record<Exclude<EndCause, 'exit'>, (end: RunEnd) => Ending> = {
  cancel: () => ({ state: 'canceled', reason: 'cancel' }),
  idle_timeout: ({ exit }) =>
    failed(
      error(
        'idle_timeout',
        `The CLI wrote nothing for ${seconds(exit.limit)} and was ended. ${KEPT} Raise idleTimeoutMs for slow work.`,
        true,
      ),
    ),
  run_timeout: ({ exit }) =>
    failed(
      error(
        'run_timeout',
        `The run passed its limit of ${seconds(exit.limit)} and was ended. ${KEPT} Split the work, or raise runTimeoutMs.`,
      ),
    ),
  output_cap: ({ exit }) =>
    failed(
      error(
        'output_cap',
        `The CLI wrote more than ${exit.limit} bytes and was ended. Head and tail are kept: read them with llm_job_result. Ask for less output.`,
      ),
    ),
  shutdown: () => orphaned('shutdown', 'The executor was shut down while the job ran.'),
  executor_lost: () => orphaned('executor_lost', 'The executor died while the job ran, and the run with it.'),
  spawn_failed: ({ exit }) => failed(error('spawn_failed', `The CLI could not be started: ${exit.detail ?? 'no reason given'}.`)),
};

/** A run that is gone. It is never started again by itself, because a CLI's work has side effects. */
export function orphaned(reason: string, what: string): Ending {
  const message = `${what} ${KEPT} It was not run again, because it may have changed things: check, then send the request again.`;
  return { state: 'orphaned', reason, error: error(reason, message, true) };
}

/** A job that nobody let run. `said`: the reason that a person gave. */
export function notApproved(decision: 'denied' | 'expired', hold: Hold, said?: string): Ending {
  const code = `approval_${decision}`;
  const why = decision === 'denied' ? `A person denied it${said ? `: ${said}` : ''}.` : 'Nobody approved it in time.';
  return failed({
    ...error(code, `${why} Nothing was run.`, decision === 'expired'),
    rule: hold.rule,
    reason: said ?? hold.reason,
  });
}

/** Failures of the model service by HTTP status; others from 500 up are `api_error`. */
const API: Record<number, { code: string; hint: string; retryAfterMs?: number }> = {
  400: { code: 'api_rejected', hint: 'The model service rejected the request.' },
  401: { code: 'auth_error', hint: 'The model service refused the key: the operator has to check it.' },
  403: { code: 'auth_error', hint: 'The key may not use this model or service.' },
  404: { code: 'model_not_found', hint: 'The model service does not know this model: list_models names some.' },
  413: { code: 'prompt_too_long', hint: 'The request is too long for the model.' },
  429: { code: 'rate_limited', hint: 'The model service limits the rate.', retryAfterMs: 30_000 },
  529: { code: 'overloaded', hint: 'The model service is overloaded.', retryAfterMs: 30_000 },
};

/** Failures by the CLI's own words, in `subtype`, `terminalReason` or `stopReason`. */
const WORDS: Record<string, { code: string; hint: string }> = {
  error_max_turns: { code: 'max_turns', hint: 'The run used up its turns. Raise maxTurns, or continue with the session.' },
  error_max_budget_usd: {
    code: 'budget_exceeded',
    hint: 'The run spent its budget. Raise maxBudgetUsd, or continue with the session.',
  },
  error_max_structured_output_retries: { code: 'structured_output_failed', hint: 'The answer did not match jsonSchema.' },
  blocking_limit: { code: 'prompt_too_long', hint: 'The prompt is too long for the model.' },
  refusal: { code: 'refused', hint: 'The model refused the request.' },
};

function resultError(result: ResultItem, { provider, exit }: RunEnd): JobError {
  const [denied] = result.denials;
  const said = [...result.errors, exit.detail].filter(Boolean).join(' ').trim().slice(0, 600);
  const tail = said && ` The CLI said: ${said}`;
  const api = result.apiStatus === undefined ? undefined : API[result.apiStatus];
  if (api) return error(api.code, `HTTP ${result.apiStatus}: ${api.hint}${tail}`, Boolean(api.retryAfterMs), api.retryAfterMs);
  if (result.apiStatus !== undefined)
    return error('api_error', `The model service failed with HTTP ${result.apiStatus}.${tail}`, true, 10_000);
  const word = [result.subtype, result.terminalReason, result.stopReason].map((name) => WORDS[name ?? '']).find(Boolean);
  if (word) return error(word.code, `${word.hint}${tail}`);
  if (denied) {
    const asked = `${denied.tool}${denied.input && ` (${denied.input.slice(0, 200)})`}`;
    return error(
      'permission_required',
      `The run stopped because it may not use ${asked}. ${providers[provider]?.permissionHint ?? ''}`.trim(),
    );
  }
  return error('provider_error', `The CLI reported an error (${result.subtype}).${tail}`, true);
}

function exited(end: RunEnd): Ending {
  const { exit, result } = end;
  const how = exit.signal ? `signal ${exit.signal}` : `exit code ${exit.code}`;
  if (!result) {
    const said = exit.detail ? ` It said: ${exit.detail}` : ' It said nothing.';
    return failed(error('no_result', `The CLI ended with ${how} and without a result.${said}`, true));
  }
  if (result.isError) return failed(resultError(result, end));
  if (end.wantsStructured && end.structuredChars === 0)
    return failed(
      error(
        'structured_output_failed',
        'The answer holds no output that matches jsonSchema. The text is kept: read it with llm_job_result.',
        true,
      ),
    );
  if (end.answerChars + end.structuredChars === 0)
    return failed(error('empty_answer', 'The CLI ended well and answered nothing.', true));
  if (exit.code !== 0)
    return failed(error('bad_exit', `The CLI gave an answer and then ended with ${how}. Read the answer with llm_job_result.`));
  return { state: 'completed', reason: 'answered' };
}

const overBudget = (usd: number) =>
  failed(
    error(
      'budget_exceeded',
      `The run passed its budget of ${usd} USD and was ended. ${KEPT} Raise the budget to go on with the session.`,
    ),
  );

/** How a job ends whose run ended: by cause first, then by the provider's own last result, never by the exit code alone. */
export function outcome(end: RunEnd): Ending {
  const { cause } = end.exit;
  const isCut = cause === 'cancel' || (cause === 'exit' && end.result?.isError !== false);
  if (end.budgetUsd !== undefined && isCut) return overBudget(end.budgetUsd);
  return cause === 'exit' ? exited(end) : CUT[cause](end);
}
