import type { EndCause, Event, ResultItem } from '../../container/protocol.ts';
import { type EndingCode, type KnownEnding, systemEndings } from '../../container/providers/endings.ts';
import { providers } from '../../container/providers/index.ts';
import { sentence } from '../errors.ts';
import { codeOfStatus, MEANINGS } from './endings/meanings.ts';
import { quoteOf } from './endings/quote.ts';
import type { Ending, Hold, JobError } from './record.ts';

type Exit = Extract<Event, { kind: 'exit' }>;

/** What is known of a run that ended. */
export interface RunEnd {
  exit: Pick<Exit, 'cause' | 'limit' | 'code' | 'signal' | 'detail' | 'disk' | 'memory'> & {
    /** Reason of the end of a job whose run is lost, if not `executor_lost`. */
    lostAs?: string | undefined;
  };
  result: ResultItem | undefined;
  /** Start of the result's text: the answer, or the CLI's words about an error. */
  answer: string;
  /** Characters of its structured output. */
  structuredChars: number;
  /** The model wrote text before the result. */
  hasSaid: boolean;
  /** End of the CLI's stdout without lines of JSON. */
  printed: string;
  /** A tool ran, so the same request would repeat its work. */
  hasRunTool: boolean;
  /** A model was called, so the CLI accepted its input. */
  hasCalledModel: boolean;
  /** The request asked for structured output. */
  wantsStructured: boolean;
  provider: string;
  /** The passed budget in USD. It ended the run, unless the run had succeeded before. */
  budgetUsd?: number | undefined;
  /** When the model service accepts calls again, as it said itself. In ms since 1970, as `now`. */
  retryAt?: number | undefined;
  now: number;
}

const seconds = (ms: number | undefined) => `${Math.round((ms ?? 0) / 100) / 10} s`;
const failed = (code: string, message: string, retryable = false, more: Partial<JobError> = {}): Ending => ({
  state: 'failed',
  reason: code,
  error: { code, message, retryable, ...more },
});
const KEPT = 'Its output is kept: read it with llm_job_result.';
const KILLED =
  'The CLI was killed (SIGKILL) by another program: the kernel reports no lack of memory. Its output is kept: read it with llm_job_result.';
const KILLED_UNMEASURED =
  'The CLI was killed (SIGKILL), most likely because memory ran out. Give it less to do at once, or more memory.';
const NO_REASON = 'It reported no reason; llm_job_result with raw has what it printed.';
const quoted = (text: string) => (text.trim() ? ` It reported: ${quoteOf(text)}` : '');

/** How a job ends whose run was ended by the gateway or the executor before it had an answer, by cause. */
const ENFORCED: Record<Exclude<EndCause, 'exit' | 'answered'>, (end: RunEnd) => Ending> = {
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
  process_limit: ({ exit }) =>
    failed(
      'process_limit',
      `The run had more than ${exit.limit} processes at once and was ended. ${KEPT} Give it less to do at once.`,
    ),
  out_of_memory: ({ exit }) =>
    failed(
      'out_of_memory',
      `The run used more than ${exit.limit} bytes of memory and was ended. ${KEPT} Give it less to do at once.`,
    ),
  disk_full: (end) =>
    end.exit.limit === undefined
      ? failedWith('disk_full', end, '')
      : failed(
          'disk_full',
          `The run added more than ${end.exit.limit} bytes to its directories and was ended. ${KEPT} Let it write less, or remove files.`,
        ),
  shutdown: () => orphaned('shutdown', 'The executor was shut down while the job ran.'),
  executor_lost: (end) => {
    const { detail = '', lostAs = 'executor_lost' } = end.exit;
    const known = endingIn(systemEndings, detail);
    if (known) return failedWith(known, end, detail);
    return orphaned(lostAs, detail ? sentence(quoteOf(detail)) : 'The executor ended unexpectedly while the job ran.');
  },
  spawn_failed: ({ exit }) =>
    failed('spawn_failed', `The CLI could not be started: ${quoteOf(exit.detail ?? 'no reason given')}.`),
};

/** The end of a job whose run is lost. The run is never repeated automatically, because a CLI's work has side effects. */
function orphaned(reason: string, cause: string): Ending {
  const message = `${cause} ${KEPT} The run was not repeated, because it may have had side effects: check, then send the request again.`;
  return { state: 'orphaned', reason, error: { code: reason, message, retryable: true } };
}

/** The end of a job that was not approved. `comment` is the approver's. */
export function notApproved(decision: 'denied' | 'expired', hold: Hold, comment?: string): Ending {
  const code = `approval_${decision}`;
  const why = decision === 'denied' ? `The approver denied it${comment ? `: ${comment}` : ''}.` : 'It was not approved in time.';
  return failed(code, `${why} Nothing was run.`, decision === 'expired', { rule: hold.rule, reason: comment ?? hold.reason });
}

/** The code of the first ending that a text or a result's names match. */
function endingIn(endings: readonly KnownEnding[], text: string, names: unknown[] = []): EndingCode | undefined {
  const isMatch = (ending: KnownEnding) => ending.text?.test(text) || ending.names?.some((name) => names.includes(name));
  return endings.find(isMatch)?.code;
}

/** The provider's names of the options that advice names. */
const optionsOf = (provider: string): Record<string, string> => ({
  ...{ turns: 'its limit', budget: 'its limit', schema: 'the schema' },
  ...providers[provider]?.roles,
});

/** What the executor measured, as clauses of a meaning. */
function measuredIn({ exit: { disk, memory } }: RunEnd): Record<string, string> {
  const needed = disk?.neededBytes === undefined ? '' : `, ${disk.neededBytes} were needed for ${disk.path}`;
  const peak = memory?.peakBytes === undefined ? '' : ` and the peak ${memory.peakBytes} bytes`;
  const limit = memory?.limitBytes === undefined ? '' : `, the limit is ${memory.limitBytes} bytes${peak}`;
  return {
    disk: disk ? `: ${disk.freeBytes} bytes are free${needed}` : '',
    memory: memory ? `: the kernel killed ${memory.oomKills === 1 ? 'a process' : `${memory.oomKills} processes`}${limit}` : '',
  };
}

/** A failure with a known meaning. `words` are the CLI's; `first` replaces what the code means. */
function failedWith(code: keyof typeof MEANINGS, end: RunEnd, words: string, first?: string): Ending {
  const { says, isRetryable, hasRetryTime } = MEANINGS[code];
  const options = { ...optionsOf(end.provider), ...measuredIn(end) };
  const meaning = first ?? says.replace(/\{(\w+)\}/g, (_, role: string) => options[role] ?? role);
  const retryAt = hasRetryTime ? (end.retryAt ?? providers[end.provider]?.limitEnd?.(words, end.now)) : undefined;
  const wait = retryAt !== undefined && retryAt > end.now ? { retryAfterMs: retryAt - end.now } : {};
  const time = retryAt === undefined ? '' : ` It accepts requests again at ${new Date(retryAt).toISOString()} (UTC).`;
  const http = end.result?.apiStatus === undefined ? '' : `HTTP ${end.result.apiStatus}: `;
  return failed(code, `${http}${meaning}${time}${quoted(words)}`, isRetryable || retryAt !== undefined, wait);
}

/** What a run without a result said, and what that means. */
function withoutResult(end: RunEnd): Ending {
  const { exit, printed, provider, hasCalledModel } = end;
  const words = [exit.detail, printed].filter(Boolean).join('\n');
  if (exit.signal === 'SIGKILL' && exit.memory?.oomKills) return failedWith('out_of_memory', end, words);
  const known = endingIn([...(providers[provider]?.endings ?? []), ...systemEndings], words);
  if (known) return failedWith(known, end, words);
  if (exit.signal === 'SIGKILL' && exit.memory) return permanently(failedWith('no_result', end, words, KILLED));
  if (exit.signal === 'SIGKILL') return failedWith('out_of_memory', end, words, KILLED_UNMEASURED);
  const how = exit.signal ? `signal ${exit.signal}` : `exit code ${exit.code}`;
  const silence = words.trim() ? '' : ` ${NO_REASON}`;
  const ending = failedWith('no_result', end, words, `The CLI ended with ${how} and without a result.${silence}`);
  // Nothing was asked of a model, so the same request would fail again.
  return hasCalledModel ? ending : permanently(ending);
}

function failedResult(result: ResultItem, end: RunEnd): Ending {
  const { provider, exit, answer } = end;
  const [denied] = result.denials;
  const words = [answer, ...result.errors].filter((text) => text.trim()).join('\n');
  const names = [result.subtype, result.terminalReason, result.stopReason, result.apiError];
  const known = endingIn([...(providers[provider]?.endings ?? []), ...systemEndings], words, names);
  const code = known ?? (result.apiStatus === undefined ? undefined : codeOfStatus(result.apiStatus));
  const report = words || (exit.detail ?? '');
  if (code) return failedWith(code, end, report);
  if (denied) {
    const use = `${denied.tool}${denied.input && ` (${quoteOf(denied.input).slice(0, 200)})`}`;
    const hint = providers[provider]?.permissionHint ?? '';
    return failedWith('permission_required', end, '', `The run stopped because it may not use ${use}. ${hint}`.trim());
  }
  const kind = result.subtype === 'success' ? '' : ` (${quoteOf(result.subtype).slice(0, 100)})`;
  const silence = report.trim() ? '' : ` ${NO_REASON}`;
  const ending = failedWith('provider_error', end, report, `The CLI reported an error${kind}.${silence}`);
  return end.hasCalledModel ? ending : permanently(ending);
}

function permanently(ending: Ending): Ending {
  return ending.error ? { ...ending, error: { ...ending.error, retryable: false } } : ending;
}

/** Whether the CLI refused a prompt before any model saw it, although it reported a success. */
const isRefusedByHook = ({ provider, answer, result }: RunEnd) =>
  result?.turns === 0 && endingIn(providers[provider]?.endings ?? [], answer) === 'hook_refused';

/** Whether the run has its answer. Nothing that happens to the run afterwards changes that. */
function hasAnswer(end: RunEnd): boolean {
  const { result, answer, structuredChars, hasSaid, wantsStructured } = end;
  if (!result || result.isError || isRefusedByHook(end)) return false;
  return structuredChars > 0 || (!wantsStructured && (answer.trim() !== '' || hasSaid));
}

function exited(end: RunEnd): Ending {
  const { result, answer } = end;
  if (!result) return withoutResult(end);
  if (result.isError) return failedResult(result, end);
  if (isRefusedByHook(end)) return failedWith('hook_refused', end, answer);
  return failedWith(end.wantsStructured ? 'structured_output_failed' : 'empty_answer', end, '');
}

const overBudget = (usd: number) =>
  failed(
    'budget_exceeded',
    `The run passed its budget of ${usd} USD and was ended. ${KEPT} Raise the budget to continue the session.`,
  );

function failureOf(end: RunEnd): Ending {
  const { cause } = end.exit;
  const isExit = cause === 'exit' || cause === 'answered';
  if (end.budgetUsd !== undefined && (isExit || cause === 'cancel')) return overBudget(end.budgetUsd);
  return isExit ? exited(end) : ENFORCED[cause](end);
}

/** A failure that the same request would not repair, because it would repeat the work of the tools that ran. */
function afterTools(ending: Ending): Ending {
  if (!ending.error?.retryable) return ending;
  const message = `${ending.error.message} Tools have run, so the same request would repeat their work: continue with the session instead.`;
  return { ...ending, error: { ...ending.error, message, retryable: false } };
}

/**
 * How a job ends whose run ended. A run that has its answer is completed, whatever ended it, unless its caller canceled it. Otherwise the
 * cause decides first, then the provider's result.
 */
export function outcome(end: RunEnd): Ending {
  const isCanceled = end.exit.cause === 'cancel' && end.budgetUsd === undefined;
  if (hasAnswer(end) && !isCanceled) return { state: 'completed', reason: 'answered' };
  const ending = failureOf(end);
  return end.hasRunTool ? afterTools(ending) : ending;
}
