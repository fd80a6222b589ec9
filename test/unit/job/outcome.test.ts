import { expect, test } from 'vitest';
import type { ResultItem } from '../../../container/protocol.ts';
import { outcome, type RunEnd } from '../../../src/job/outcome.ts';

const result = (change: Partial<ResultItem> = {}): ResultItem => ({
  kind: 'result',
  index: 0,
  isError: false,
  subtype: 'success',
  errors: [],
  models: ['claude-opus-5-5'],
  denials: [],
  hasStructured: false,
  ...change,
});

const NOW = Date.parse('2026-03-01T12:00:00Z');
const exit = { cause: 'exit', code: 0, signal: null } as const;
const end = (change: Partial<RunEnd> = {}): RunEnd => ({
  exit,
  result: result(),
  answer: 'An answer.',
  structuredChars: 0,
  hasSaid: false,
  printed: '',
  hasRunTool: false,
  hasCalledModel: true,
  wantsStructured: false,
  provider: 'claude',
  now: NOW,
  ...change,
});
const failing = (change: Partial<ResultItem>, more: Partial<RunEnd> = {}) =>
  end({ answer: '', result: result({ isError: true, ...change }), ...more });
const NO_RESULT = { result: undefined, answer: '' };
const denial = { tool: 'Bash', input: 'rm -rf build' };

const cases: [string, RunEnd, string, string][] = [
  ['an answer and a clean exit', end(), 'completed', 'answered'],
  ['structured output without text', end({ answer: '', structuredChars: 7, wantsStructured: true }), 'completed', 'answered'],
  ['denials that were worked around', end({ result: result({ denials: [denial] }) }), 'completed', 'answered'],
  ['exit 0 without a result', end({ result: undefined }), 'failed', 'no_result'],
  ['an empty answer', end({ answer: '' }), 'failed', 'empty_answer'],
  ['a blank answer', end({ answer: ' \n\n' }), 'failed', 'empty_answer'],
  ['an empty last message after text', end({ answer: '', hasSaid: true }), 'completed', 'answered'],
  ['text where a schema was asked for', end({ wantsStructured: true }), 'failed', 'structured_output_failed'],
  ['a good result and exit 1', end({ exit: { ...exit, code: 1 } }), 'completed', 'answered'],
  ['a good result and a signal', end({ exit: { ...exit, code: null, signal: 'SIGSEGV' } }), 'completed', 'answered'],
  ['HTTP 401', failing({ apiStatus: 401 }), 'failed', 'auth_error'],
  ['HTTP 404', failing({ apiStatus: 404 }), 'failed', 'model_not_found'],
  ['HTTP 429', failing({ apiStatus: 429 }), 'failed', 'rate_limited'],
  ['HTTP 500', failing({ apiStatus: 500 }), 'failed', 'api_error'],
  ['HTTP 529', failing({ apiStatus: 529 }), 'failed', 'overloaded'],
  ['no turns left', failing({ subtype: 'error_max_turns' }), 'failed', 'max_turns'],
  ['no turns left after a denial', failing({ subtype: 'error_max_turns', denials: [denial] }), 'failed', 'max_turns'],
  ['no budget left', failing({ subtype: 'error_max_budget_usd' }), 'failed', 'budget_exceeded'],
  ['a prompt too long', failing({ terminalReason: 'blocking_limit' }), 'failed', 'prompt_too_long'],
  ['a refusal', failing({ stopReason: 'refusal' }), 'failed', 'refused'],
  [
    'a permission that nobody could give',
    failing({ subtype: 'error_during_execution', denials: [denial] }),
    'failed',
    'permission_required',
  ],
  ['an error without a name', failing({ subtype: 'error_during_execution' }), 'failed', 'provider_error'],
  ['a cancel', end({ exit: { ...exit, cause: 'cancel' } }), 'canceled', 'cancel'],
  ['silence', end({ ...NO_RESULT, exit: { ...exit, cause: 'idle_timeout', limit: 600_000 } }), 'failed', 'idle_timeout'],
  ['too long a run', end({ ...NO_RESULT, exit: { ...exit, cause: 'run_timeout', limit: 3_600_000 } }), 'failed', 'run_timeout'],
  ['too much output', end({ ...NO_RESULT, exit: { ...exit, cause: 'output_cap', limit: 52_428_800 } }), 'failed', 'output_cap'],
  ['an executor told to stop', end({ ...NO_RESULT, exit: { ...exit, cause: 'shutdown' } }), 'orphaned', 'shutdown'],
  ['an executor that died', end({ ...NO_RESULT, exit: { ...exit, cause: 'executor_lost' } }), 'orphaned', 'executor_lost'],
  [
    'a CLI that does not start',
    end({ exit: { ...exit, cause: 'spawn_failed', detail: 'ENOENT' }, result: undefined }),
    'failed',
    'spawn_failed',
  ],
];

test.each(cases)('%s', (_name, ended, state, reason) => {
  expect(outcome(ended)).toMatchObject({ state, reason });
});

test.each(['idle_timeout', 'run_timeout', 'output_cap', 'shutdown', 'executor_lost', 'answered', 'exit'] as const)(
  'an answer that is there stays one after %s',
  (cause) => {
    const ended = { exit: { cause, limit: 1, code: 143, signal: 'SIGTERM' } };
    expect(outcome(end(ended))).toEqual({ state: 'completed', reason: 'answered' });
    expect(outcome(end({ ...ended, structuredChars: 2, wantsStructured: true })).state).toBe('completed');
    expect(outcome(failing({ subtype: 'error_during_execution' }, ended)).state).not.toBe('completed');
  },
);

test('a canceled job stays canceled although its answer is there', () => {
  expect(outcome(end({ exit: { ...exit, cause: 'cancel' } }))).toEqual({ state: 'canceled', reason: 'cancel' });
});

test('an answer is not lost to a budget that was passed later', () => {
  expect(outcome(end({ budgetUsd: 1, exit: { ...exit, cause: 'cancel' } })).state).toBe('completed');
});

/** A CLI that ended with these words and without a result. */
const dying = (provider: string, detail: string): RunEnd =>
  end({ ...NO_RESULT, provider, hasCalledModel: false, exit: { ...exit, code: 1, detail } });
const saying = (answer: string, change: Partial<ResultItem> = {}) =>
  failing({ terminalReason: 'api_error', ...change }, { answer });
const grokError = (message: string, change: Partial<ResultItem> = {}) =>
  failing({ subtype: 'error_during_execution', errors: [message], ...change }, { provider: 'grok' });

/** What the pinned CLIs print, the code that it means, and whether the same request may succeed later. */
const endings: [RunEnd, string, boolean][] = [
  [
    saying("API Error: Claude's response exceeded the 128000 output token maximum.", { apiError: 'max_output_tokens' }),
    'max_tokens',
    false,
  ],
  [saying('API Error: 400 prompt is too long: 250000 tokens > 200000 maximum', { apiStatus: 400 }), 'prompt_too_long', false],
  [saying('Prompt is too long', { terminalReason: 'prompt_too_long' }), 'prompt_too_long', false],
  [saying('API Error: The model has reached its context window limit.'), 'prompt_too_long', false],
  [saying('API Error: 400 mock error 400', { apiStatus: 400 }), 'api_rejected', false],
  [saying('API Error: 422 unprocessable', { apiStatus: 422 }), 'api_rejected', false],
  [saying("There's an issue with the selected model (nope). It may not exist", { apiStatus: 404 }), 'model_not_found', false],
  [saying('Not logged in · Please run /login'), 'auth_error', false],
  [saying('Credit balance is too low', { apiStatus: 400 }), 'usage_limit', false],
  [saying("You've hit your weekly limit"), 'usage_limit', false],
  [saying('Claude AI usage limit reached|1772400000'), 'usage_limit', true],
  [saying('API Error: Request rejected (429) · mock error 429', { apiStatus: 429 }), 'rate_limited', true],
  [saying('API Error: Connection dropped (ECONNRESET).', { apiError: 'connection_failed' }), 'upstream_unreachable', true],
  [saying('API Error: Connection refused (ConnectionRefused)'), 'upstream_unreachable', true],
  [saying('Request timed out. If the API is slow to answer'), 'api_timeout', true],
  [end({ answer: 'UserPromptSubmit operation blocked by hook:\nno', result: result({ turns: 0 }) }), 'hook_refused', false],
  [failing({ errors: ['No conversation found with session ID: 9'], turns: 0 }), 'session_not_found', false],
  [
    dying('claude', 'Error: --json-schema is not a valid JSON Schema: no schema with key or ref "https://x"'),
    'invalid_input',
    false,
  ],
  [dying('claude', "--agent 'nope' not found. Available agents: claude"), 'invalid_input', false],
  [dying('claude', "error: unknown option '--no-such-flag'"), 'invalid_input', false],
  [dying('claude', 'Error: Session ID 1 is already in use.'), 'session_exists', false],
  [dying('claude', 'Error: piped stdin input exceeds 10MB.'), 'prompt_too_long', false],
  [dying('claude', 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory'), 'out_of_memory', false],
  [dying('claude', 'Error: ENOSPC: no space left on device, write'), 'disk_full', false],
  [dying('claude', 'something new'), 'no_result', false],
  [end({ ...NO_RESULT, exit: { ...exit, code: 137, signal: 'SIGKILL' } }), 'out_of_memory', false],
  [end({ ...NO_RESULT, exit: { ...exit, code: 139, signal: 'SIGSEGV' } }), 'no_result', true],
  [grokError(`Couldn't set model 'nope-model': Invalid params: "unknown model id".`, { turns: 0 }), 'model_not_found', false],
  [
    grokError('Internal error: {"message": "response truncated by max_tokens"}', { stopReason: 'max_tokens' }),
    'max_tokens',
    false,
  ],
  [grokError('invalid output schema: "x"', { subtype: 'error_max_structured_output_retries' }), 'invalid_input', false],
  [grokError('output does not match', { subtype: 'error_max_structured_output_retries' }), 'structured_output_failed', false],
  [
    grokError('Internal error: "reqwest error stream: Transport error: error decoding response body"'),
    'upstream_unreachable',
    true,
  ],
  [grokError('Internal error: "empty response from model (reasoning_only)"'), 'empty_answer', true],
  [grokError('The model refused to continue', { stopReason: 'refusal' }), 'refused', false],
  [grokError('API error (status 413 Payload Too Large)', { apiStatus: 413 }), 'prompt_too_long', false],
  [grokError('You have used all available credits or reached your limit', { apiStatus: 403 }), 'usage_limit', false],
  [
    dying('grok', 'Session "e5" not found locally, restoring conversation from remote...\nError: Failed to authenticate'),
    'session_not_found',
    false,
  ],
  [dying('grok', "error: unexpected argument '--no-such-flag' found"), 'invalid_input', false],
  [dying('grok', "Error: --effort/--reasoning-effort: unknown effort level 'nope'"), 'invalid_input', false],
];

test.each(endings)('a known ending has its code: %#', (ended, code, retryable) => {
  expect(outcome(ended)).toMatchObject({ reason: code, error: { code, retryable } });
});

test.each(endings)('an error quotes its CLI and never calls a success an error: %#', (ended) => {
  const { message = '' } = outcome(ended).error ?? {};
  const words = [ended.exit.detail, ended.answer, ...(ended.result?.errors ?? [])].find(Boolean);
  if (words) expect(message).toContain(words.replace(/\s+/g, ' '));
  expect(message).not.toContain('(success)');
});

test('once a tool has run, the same request is never worth repeating', () => {
  for (const [ended] of endings) expect(outcome({ ...ended, hasRunTool: true }).error?.retryable).toBe(false);
  for (const cause of ['idle_timeout', 'shutdown', 'executor_lost'] as const)
    expect(outcome(end({ ...NO_RESULT, exit: { ...exit, cause }, hasRunTool: true })).error).toMatchObject({
      retryable: false,
      message: expect.stringContaining('continue with the session'),
    });
});

test('a service that says when it accepts requests again is believed, and no other time is invented', () => {
  const limited = saying('API Error: Request rejected (429)', { apiStatus: 429 });
  expect(outcome(limited).error?.retryAfterMs).toBeUndefined();
  expect(outcome({ ...limited, retryAt: NOW - 1 }).error?.retryAfterMs).toBeUndefined();
  const told = outcome({ ...limited, retryAt: NOW + 3_600_000 }).error;
  expect(told).toMatchObject({ retryAfterMs: 3_600_000, message: expect.stringContaining('2026-03-01T13:00:00.000Z (UTC)') });
  expect(outcome({ ...saying('API Error: 401', { apiStatus: 401 }), retryAt: NOW + 1_000 }).error?.retryAfterMs).toBeUndefined();
});

test('an executor that lost events for want of space says so', () => {
  const detail = 'Events were lost: ENOSPC: no space left on device, write';
  expect(outcome(end({ ...NO_RESULT, exit: { ...exit, cause: 'executor_lost', detail } }))).toMatchObject({
    state: 'failed',
    reason: 'disk_full',
    error: { retryable: false, message: expect.stringContaining(detail) },
  });
});

const MEMORY = { oomKills: 1, limitBytes: 536_870_912, peakBytes: 536_866_816 };
const DISK = { freeBytes: 0, neededBytes: 8_192, path: 'runs/job_1/spool/000000000001.ndjson' };
const killed = { ...exit, code: 137, signal: 'SIGKILL' };

test.each([
  [
    'a log that did not fit on the disk',
    { ...exit, cause: 'executor_lost', detail: 'Events were lost: ENOSPC', disk: DISK },
    'disk_full',
    `The executor's disk is full: 0 bytes are free, 8192 were needed for ${DISK.path}. The operator has to free space.`,
  ],
  [
    'a CLI that died of a full disk',
    { ...exit, code: 1, detail: 'ENOSPC: no space left on device', disk: { freeBytes: 7 } },
    'disk_full',
    "The executor's disk is full: 7 bytes are free. The operator",
  ],
  [
    'a kill for lack of memory',
    { ...killed, memory: MEMORY },
    'out_of_memory',
    'The run ran out of memory: the kernel killed a process, the limit is 536870912 bytes and the peak 536866816 bytes. Give it less',
  ],
  [
    'a kill for lack of memory on a machine without a limit',
    { ...killed, memory: { oomKills: 2 } },
    'out_of_memory',
    'The run ran out of memory: the kernel killed 2 processes. Give it less',
  ],
  ['a kill by another program', { ...killed, memory: { ...MEMORY, oomKills: 0 } }, 'no_result', 'no lack of memory'],
  ['a kill that was not measured', killed, 'out_of_memory', 'most likely because memory ran out'],
] satisfies [string, RunEnd['exit'], string, string][])(
  '%s is told with its figures and not worth a retry',
  (_what, ended, code, words) => {
    expect(outcome(end({ ...NO_RESULT, exit: ended }))).toMatchObject({
      state: 'failed',
      reason: code,
      error: { code, retryable: false, message: expect.stringContaining(words) },
    });
  },
);

test('an error without a word names where its reason may be', () => {
  expect(outcome(failing({})).error?.message).toBe(
    'The CLI reported an error. It reported no reason; llm_job_result with raw has what it printed.',
  );
});

test('a CLI that printed text without a result is quoted', () => {
  const { message } = outcome(end({ ...NO_RESULT, printed: 'Segmentation fault' })).error ?? {};
  expect(message).toContain('It reported: Segmentation fault');
  expect(outcome(end(NO_RESULT)).error?.message).toContain('no reason');
});

test('every end that is no answer and no cancel carries a code, a sentence and whether to try again', () => {
  for (const [, ended] of cases) {
    const { state, error } = outcome(ended);
    if (state === 'completed' || state === 'canceled') expect(error).toBeUndefined();
    else
      expect(error).toMatchObject({
        code: expect.stringMatching(/^[a-z_]+$/),
        message: expect.stringMatching(/\.$/),
        retryable: expect.any(Boolean),
      });
  }
});

test('a limit that ended a run is named with its figure', () => {
  expect(outcome(end({ ...NO_RESULT, exit: { ...exit, cause: 'idle_timeout', limit: 2_500 } })).error?.message).toContain(
    '2.5 s',
  );
  expect(outcome(end({ ...NO_RESULT, exit: { ...exit, cause: 'output_cap', limit: 1_024 } })).error?.message).toContain(
    '1024 bytes',
  );
});

test('a missing permission names what was asked and what would allow it', () => {
  const asked = { subtype: 'error_during_execution', isError: true, denials: [denial] };
  expect(outcome(failing(asked)).error?.message).toMatch(/Bash \(rm -rf build\).*may "run"/);
  expect(outcome({ ...failing(asked), provider: 'grok' }).error?.message).toMatch(/may "run"/);
});
