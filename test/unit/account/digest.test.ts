import { expect, test } from 'vitest';
import { digestOfArgs } from '../../../src/account/digest.ts';

const secrets: [what: string, args: Record<string, unknown>, hidden: string][] = [
  ['what is named a secret', { api_key: 'swordfish' }, 'swordfish'],
  ['a password by another name', { PGPWD: 'swordfish', 'X-Auth': 'swordfish' }, 'swordfish'],
  ['every value of an environment', { mcpServers: { db: { env: { DATABASE: 'swordfish' } } } }, 'swordfish'],
  ['every header', { mcpServers: { db: { headers: { 'X-Own': 'swordfish' } } } }, 'swordfish'],
  ['a password in an address', { prompt: 'see postgres://me:swordfish@db/1' }, 'swordfish'],
  ['what looks like a key', { prompt: 'use sk-ant-0123456789 for it' }, '0123456789'],
];

test.each(secrets)('a view of arguments does not show %s', (_what, args, hidden) => {
  const { view } = digestOfArgs(args);
  expect(view).not.toContain(hidden);
  expect(view).toContain('[hidden]');
});

test('a view shows the beginning of everything else, and the hash tells all of it apart', () => {
  expect(digestOfArgs({ prompt: 'mail author@example.test', maxTurns: 3 }).view).toBe(
    '{"prompt":"mail author@example.test","maxTurns":3}',
  );
  expect(digestOfArgs({ prompt: `${'a'.repeat(200)}b` }).hash).not.toBe(digestOfArgs({ prompt: `${'a'.repeat(200)}c` }).hash);
});

const LONG: [what: string, text: string, shown: string][] = [
  ['a secret of any length', `lcg_${'a'.repeat(10_000)} then`, '[hidden]… (10009)'],
  ['a secret that the search cuts', `${'lcg_a '.repeat(680)}AKIA${'B'.repeat(100)}`, '[hidden] '],
  ['a token without its second part', `eyJ${'a'.repeat(5_000)}`, '[hidden]'],
];

test.each(LONG)('a view of a long text hides %s', (_what, text, shown) => {
  const { view } = digestOfArgs({ prompt: text });
  expect(view).toContain(shown);
  expect(view).not.toMatch(/aaaa|AKIA|BBBB/);
});
