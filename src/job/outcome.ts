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
  /** The passed budget in USD. It ended the run, unless the run had succeeded before. */
  budgetUsd?: number | undefined;
}

const seconds = (ms: number | undefined) => `${Math.round((ms ?? 0) / 100) / 10} s`;
const failed = (code: string, message: string, retryable = false, more: Partial<JobError> = {}): Ending => ({
  state: 'failed',
  reason: code,
  error: { code, message, retryable, ...more },
});
const KEPT = 'Its output is kept: read it with llm_job_result.';

/** How a job ends whose run was ended by the gateway or the executor, by cause. */
const ENFORCED: Record<Exclude<EndCause, 'exit'>, (end: RunEnd) => Ending> = {
  cancel: () => ({ state: 'canceled', reason: 'cancel' }),
  idle_timeout: ({ exit }) =>
    failed(
      'idle_timeout',
      `The CLI wrote nothing for ${seconds(exit.limit)} and was ended. ${KEPT} Raise idleTimeoutMs for slow work.`,
      true,
    ),
  run_timeout: ({ exit }) =>
    failed(
      'run_timeout',
      `The run passed its limit of ${seconds(exit.limit)} and was ended. ${KEPT} Split the work, or raise runTimeoutMs.`,
    ),
  output_cap: ({ exit }) =>
    failed(
      'output_cap',
      `The CLI wrote more than ${exit.limit} bytes and was ended. Its head and tail are kept: read them with llm_job_result. Ask for less output.`,
    ),
  shutdown: () => orphaned('shutdown', 'The executor was shut down while the job ran.'),
  executor_lost: () => orphaned('executor_lost', 'The executor ended unexpectedly while the job ran.'),
  spawn_failed: ({ exit }) => failed('spawn_failed', `The CLI could not be started: ${exit.detail ?? 'no reason given'}.`),
};

/** The end of a job whose run is lost. The run is never repeated automatically, because a CLI's work has side effects. */
export function orphaned(reason: string, cause: string): Ending {
  const message = `${cause} ${KEPT} The run was not repeated, because it may have had side effects: check, then send the request again.`;
  return { state: 'orphaned', reason, error: { code: reason, message, retryable: true } };
}

/** The end of a job that was not approved. `comment` is the approver's. */
export function notApproved(decision: 'denied' | 'expired', hold: Hold, comment?: string): Ending {
  const code = `approval_${decision}`;
  const why = decision === 'denied' ? `The approver denied it${comment ? `: ${comment}` : ''}.` : 'It was not approved in time.';
  return failed(code, `${why} Nothing was run.`, decision === 'expired', { rule: hold.rule, reason: comment ?? hold.reason });
}

/** Errors of the model service by HTTP status. Any other status is `api_error`. */
const API_ERRORS: Record<number, { code: string; hint: string; retryAfterMs?: number }> = {
  400: { code: 'api_rejected', hint: 'The model service rejected the request.' },
  401: { code: 'auth_error', hint: 'The model service refused the key. The operator has to check it.' },
  403: { code: 'auth_error', hint: 'The key may not use this model or service.' },
  404: { code: 'model_not_found', hint: 'Unknown model. list_models lists known ones.' },
  413: { code: 'prompt_too_long', hint: 'The request is too long for the model.' },
  429: { code: 'rate_limited', hint: 'The model service limits the rate.', retryAfterMs: 30_000 },
  529: { code: 'overloaded', hint: 'The model service is overloaded.', retryAfterMs: 30_000 },
};

/** The provider's names of the options that hints name. */
const optionsOf = (provider: string) => ({
  ...{ turns: 'its limit', budget: 'its limit', schema: 'the schema' },
  ...providers[provider]?.roles,
});
type Names = ReturnType<typeof optionsOf>;

/** Errors by the CLI's `subtype`, `terminalReason` or `stopReason`. */
const CLI_ERRORS: Record<string, { code: string; hint: (option: Names) => string }> = {
  error_max_turns: {
    code: 'max_turns',
    hint: ({ turns }) => `The run used up its turns. Raise ${turns}, or continue with the session.`,
  },
  error_max_budget_usd: {
    code: 'budget_exceeded',
    hint: ({ budget }) => `The run spent its budget. Raise ${budget}, or continue with the session.`,
  },
  error_max_structured_output_retries: {
    code: 'structured_output_failed',
    hint: ({ schema }) => `The answer did not match ${schema}.`,
  },
  blocking_limit: { code: 'prompt_too_long', hint: () => 'The prompt is too long for the model.' },
  refusal: { code: 'refused', hint: () => 'The model refused the request.' },
};

function failedResult(result: ResultItem, { provider, exit }: RunEnd): Ending {
  const [denied] = result.denials;
  const report = [...result.errors, exit.detail].filter(Boolean).join(' ').trim().slice(0, 600);
  const tail = report && ` The CLI reported: ${report}`;
  const api = result.apiStatus === undefined ? undefined : API_ERRORS[result.apiStatus];
  if (api) {
    const { code, hint, ...more } = api;
    return failed(code, `HTTP ${result.apiStatus}: ${hint}${tail}`, more.retryAfterMs !== undefined, more);
  }
  if (result.apiStatus !== undefined)
    return failed('api_error', `The model service failed with HTTP ${result.apiStatus}.${tail}`, true, { retryAfterMs: 10_000 });
  const known = [result.subtype, result.terminalReason, result.stopReason]
    .flatMap((name = '') => (Object.hasOwn(CLI_ERRORS, name) ? [CLI_ERRORS[name]] : []))
    .find(Boolean);
  if (known) return failed(known.code, `${known.hint(optionsOf(provider))}${tail}`);
  if (denied) {
    const use = `${denied.tool}${denied.input && ` (${denied.input.slice(0, 200)})`}`;
    return failed(
      'permission_required',
      `The run stopped because it may not use ${use}. ${providers[provider]?.permissionHint ?? ''}`.trim(),
    );
  }
  return failed('provider_error', `The CLI reported an error (${result.subtype}).${tail}`, true);
}

function exited(end: RunEnd): Ending {
  const { exit, result } = end;
  const how = exit.signal ? `signal ${exit.signal}` : `exit code ${exit.code}`;
  if (!result) {
    const report = exit.detail ? ` It reported: ${exit.detail}` : ' It reported nothing.';
    return failed('no_result', `The CLI ended with ${how} and without a result.${report}`, true);
  }
  if (result.isError) return failedResult(result, end);
  if (end.wantsStructured && end.structuredChars === 0)
    return failed(
      'structured_output_failed',
      `The answer contains no output that matches ${optionsOf(end.provider).schema}. Its text is kept: read it with llm_job_result.`,
      true,
    );
  if (end.answerChars + end.structuredChars === 0) return failed('empty_answer', 'The CLI succeeded with an empty answer.', true);
  if (exit.code !== 0)
    return failed('bad_exit', `The CLI answered and then ended with ${how}. Read the answer with llm_job_result.`);
  return { state: 'completed', reason: 'answered' };
}

const overBudget = (usd: number) =>
  failed(
    'budget_exceeded',
    `The run passed its budget of ${usd} USD and was ended. ${KEPT} Raise the budget to continue the session.`,
  );

/** How a job ends whose run ended. The cause decides first, then the provider's last result; the exit code alone never does. */
export function outcome(end: RunEnd): Ending {
  const { cause } = end.exit;
  const isBudgetCause = cause === 'cancel' || (cause === 'exit' && end.result?.isError !== false);
  if (end.budgetUsd !== undefined && isBudgetCause) return overBudget(end.budgetUsd);
  return cause === 'exit' ? exited(end) : ENFORCED[cause](end);
}
