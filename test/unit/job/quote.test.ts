import { expect, test } from 'vitest';
import { quoteOf } from '../../../src/job/endings/quote.ts';

const STATE = '/var/lib/executor/accounts/owner';

test.each([
  [`ENOENT: open '${STATE}/workspaces/w1/src/a.ts'`, "ENOENT: open 'src/a.ts'"],
  [`${STATE}/sessions/claude/0eb0-1/home/.claude/x.json is damaged`, '~/.claude/x.json is damaged'],
  [`cannot read "${STATE}/sessions/claude/0eb0-1/work/a.txt"`, 'cannot read "a.txt"'],
  ['EACCES /srv/state/runs/run-1/tmp/mcp.json', 'EACCES $TMPDIR/mcp.json'],
  ['spawn /home/me/gateway/node_modules/.bin/claude ENOENT', 'spawn …/claude ENOENT'],
  ['at file:///home/me/gateway/cli.js:3', 'at …/cli.js:3'],
  ['see https://code.claude.com/docs/en/errors and src/a/b.ts', 'see https://code.claude.com/docs/en/errors and src/a/b.ts'],
  ['from http://127.0.0.1:9/v1/responses\n\n  Model: x', 'from http://127.0.0.1:9/v1/responses Model: x'],
  ['Please run /login', 'Please run /login'],
])('%j is quoted without paths of the machine', (text, quoted) => {
  expect(quoteOf(text)).toBe(quoted);
});

test('a long text keeps its start and its end', () => {
  const quoted = quoteOf(`start ${'x'.repeat(100_000)} end`);
  expect(quoted.length).toBeLessThan(610);
  expect(quoted).toMatch(/^start x.* … .*x end$/);
});
