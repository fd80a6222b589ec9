import { expect, test } from 'vitest';
import { outcome, type RunEnd } from '../../../src/job/outcome.ts';

const ended = (exit: RunEnd['exit']): RunEnd => ({
  exit,
  result: undefined,
  answer: '',
  structuredChars: 0,
  hasSaid: false,
  printed: '',
  hasRunTool: false,
  hasCalledModel: true,
  wantsStructured: false,
  provider: 'claude',
  now: 0,
});

test.each(['process_limit', 'out_of_memory', 'disk_full'] as const)(
  'a run that took more than its share fails as %s',
  (cause) => {
    const failure = outcome(ended({ cause, limit: 100, code: 137, signal: 'SIGKILL' }));
    expect(failure).toMatchObject({ state: 'failed', reason: cause, error: { code: cause, retryable: false } });
    expect(failure.error?.message).toContain('100');
  },
);

test('a run that filled the disk before its share was used up fails with the free space', () => {
  const exit = { cause: 'disk_full', code: 137, signal: 'SIGKILL', disk: { freeBytes: 7 } } as const;
  expect(outcome(ended(exit)).error).toMatchObject({ code: 'disk_full', message: expect.stringContaining('7 bytes are free') });
});
