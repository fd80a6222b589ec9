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

const exit = { cause: 'exit', code: 0, signal: null } as const;
const end = (change: Partial<RunEnd> = {}): RunEnd => ({
  exit,
  result: result(),
  answerChars: 2,
  structuredChars: 0,
  wantsStructured: false,
  provider: 'claude',
  ...change,
});
const failing = (change: Partial<ResultItem>) => end({ result: result({ isError: true, ...change }) });
const denial = { tool: 'Bash', input: 'rm -rf build' };

const cases: [string, RunEnd, string, string][] = [
  ['an answer and a clean exit', end(), 'completed', 'answered'],
  ['structured output without text', end({ answerChars: 0, structuredChars: 7, wantsStructured: true }), 'completed', 'answered'],
  ['denials that were worked around', end({ result: result({ denials: [denial] }) }), 'completed', 'answered'],
  ['exit 0 without a result', end({ result: undefined }), 'failed', 'no_result'],
  ['an empty answer', end({ answerChars: 0 }), 'failed', 'empty_answer'],
  ['text where a schema was asked for', end({ wantsStructured: true }), 'failed', 'structured_output_failed'],
  ['a good result and exit 1', end({ exit: { ...exit, code: 1 } }), 'failed', 'bad_exit'],
  ['a good result and a signal', end({ exit: { ...exit, code: null, signal: 'SIGSEGV' } }), 'failed', 'bad_exit'],
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
  ['silence', end({ exit: { ...exit, cause: 'idle_timeout', limit: 600_000 } }), 'failed', 'idle_timeout'],
  ['too long a run', end({ exit: { ...exit, cause: 'run_timeout', limit: 3_600_000 } }), 'failed', 'run_timeout'],
  ['too much output', end({ exit: { ...exit, cause: 'output_cap', limit: 52_428_800 } }), 'failed', 'output_cap'],
  ['an executor told to stop', end({ exit: { ...exit, cause: 'shutdown' } }), 'orphaned', 'shutdown'],
  ['an executor that died', end({ exit: { ...exit, cause: 'executor_lost' } }), 'orphaned', 'executor_lost'],
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
  expect(outcome(end({ exit: { ...exit, cause: 'idle_timeout', limit: 2_500 } })).error?.message).toContain('2.5 s');
  expect(outcome(end({ exit: { ...exit, cause: 'output_cap', limit: 1_024 } })).error?.message).toContain('1024 bytes');
});

test('a missing permission names what was asked and what would allow it', () => {
  const asked = { subtype: 'error_during_execution', isError: true, denials: [denial] };
  expect(outcome(failing(asked)).error?.message).toMatch(/Bash \(rm -rf build\).*allowedTools/);
  expect(outcome({ ...failing(asked), provider: 'grok' }).error?.message).toMatch(/alwaysApprove/);
});
