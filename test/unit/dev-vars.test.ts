import { expect, test } from 'vitest';
import { parseDevVars } from '../../scripts/local/dev-vars.ts';

test.each([
  [
    'a misspelled setting',
    'XAI_API_KEY=x\nANTHROPIC_API_KEI=a',
    2,
    'sets ANTHROPIC_API_KEI, which is an unknown setting. Did you mean ANTHROPIC_API_KEY?',
  ],
  [
    'the start of a name',
    '\nSYNC_DEADLINE=5',
    2,
    'sets SYNC_DEADLINE, which is an unknown setting. Did you mean SYNC_DEADLINE_MS?',
  ],
  ['a name in small letters', 'xai_api_key=x', 1, 'sets xai_api_key, which is an unknown setting. Did you mean XAI_API_KEY?'],
  ['another setting', '# keys\nFOO=1', 2, 'sets FOO, which is an unknown setting. docs/operate.md lists them.'],
  ['a colon in place of =', 'XAI_API_KEY: sk-secret', 1, 'is not NAME=value.'],
  ['a key alone', '\r\n\r\nsk-ant-secret\r\n', 3, 'is not NAME=value.'],
  ['a name with a dash', 'XAI-API-KEY=sk-secret', 1, 'is not NAME=value.'],
  ['an open quote', 'XAI_API_KEY="sk-secret\nRETENTION_DAYS=3', 1, 'has a quote that is not closed.'],
  [
    'a line after a value of several lines',
    'OIDC_ALLOWED="a\nb"\nFOO=1',
    3,
    'sets FOO, which is an unknown setting. docs/operate.md lists them.',
  ],
])('%s in .dev.vars is refused with its line, and its value is not shown', (_what, text, line, problem) => {
  expect(() => parseDevVars(text)).toThrow(new Error(`.dev.vars line ${line} ${problem}`));
});

test('comments, blanks, export, quotes and values of several lines are accepted, and empty values are unset', () => {
  const text =
    '# a comment\n\nexport XAI_API_KEY = \'x\' # mine\r\n  RETENTION_DAYS=3\nOIDC_ALLOWED="a\n\nb=c"\nANTHROPIC_API_KEY=\n';
  expect(parseDevVars(text)).toEqual({ XAI_API_KEY: 'x', RETENTION_DAYS: '3', OIDC_ALLOWED: 'a\n\nb=c' });
});
