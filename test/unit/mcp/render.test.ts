import { expect, test } from 'vitest';
import { escapeInvisible, shownName } from '../../../src/html/visible.ts';
import { render, stripControls } from '../../../src/mcp/result/render.ts';

const texts: [what: string, text: string, shown: string][] = [
  ['a link of a terminal', 'a \u001b]8;;rm -rf\u0007b', 'a \\u{1b}]8;;rm -rf\\u{7}b'],
  ['a sequence of one character', 'ls \u009b;/tmp/evil.sh;x\u009c', 'ls \\u{9b};/tmp/evil.sh;x\\u{9c}'],
  ['text that runs backwards', 'a\u202eb', 'a\\u{202e}b'],
  ['text without width', 'a\u200b\u{e0041}b', 'a\\u{200b}\\u{e0041}b'],
  ['half a character', 'a\ud800b', 'a\\u{d800}b'],
  ['a line that is overwritten', 'harmful\rharmless', 'harmful\\u{d}harmless'],
  ['lines, tabs and letters of any script', 'é\n\t漢字 😀', 'é\n\t漢字 😀'],
];

test.each(texts)('who decides is shown %s', (_what, text, shown) => {
  expect(escapeInvisible(text)).toBe(shown);
});

const job = { id: 'job_1', provider: 'p', state: 'completed', createdAt: 0, elapsedMs: 1, lastSeq: 1 } as const;
const denial = (input: string) => ({ tool: 'Shell', input });
const answer = { text: 'Done.', offset: 0, nextOffset: null, total: 5, source: 'answer' } as const;

test('denied calls stand before the answer, as many as fit', () => {
  const denials = Array.from({ length: 7 }, (_, index) => denial(index === 0 ? 'rm\u202e -rf' : 'x'.repeat(1_000)));
  const [first = '', second] = render({ ok: true, job: { ...job, denials }, answer }, 10_000);
  expect(first).toMatch(/^Not permitted, so not done:\n- Shell rm\\u\{202e\} -rf\n- Shell x+\n/);
  expect(first).toMatch(/\n- and 2 more$/);
  expect(first.length).toBeLessThan(2_000);
  expect(second).toBe('Done.');
});

test('options without effect and MCP servers that did not connect stand before the answer, one line each', () => {
  const ignored = [
    { option: 'addDir', reason: 'it is inside' },
    { option: 'allowedTools', reason: 'x\u202e'.repeat(2_000) },
  ];
  const notConnected = [
    { name: 'docs', reason: 'it did not answer in time' },
    { name: 'web', reason: 'it requires authentication' },
  ];
  const [first = '', second] = render({ ok: true, job: { ...job, ignored, notConnected }, answer }, 10_000);
  const lines = first.split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[0]).toBe('Ignored: addDir: it is inside.');
  expect(lines[1]).toMatch(/^Ignored: allowedTools: x\\u\{202e\}/);
  expect(lines[1]?.length).toBeLessThan(700);
  expect(lines[2]).toBe('MCP servers that did not connect: docs (it did not answer in time), web (it requires authentication).');
  expect(second).toBe('Done.');
});

test('an answer without denied calls stands first', () => {
  expect(render({ ok: true, job, answer }, 10_000)[0]).toBe('Done.');
});

const sequences: [what: string, text: string][] = [
  ['a color', '\u001b[1;31m red\u001b[0m'],
  ['a color of one character', '\u009b31m red'],
  ['a title', '\u001b]0;title\u0007red'],
  ['a link', '\u001b]8;;https://example.test\u001b\\red\u001b]8;;\u001b\\'],
  ['a device string', '\u001bP1$r0m\u001b\\red'],
  ['a bell and a backspace', 're\u0007\u0008d'],
];

test.each(sequences)('%s is removed from the text of a CLI', (_what, text) => {
  expect(stripControls(text).trim()).toBe('red');
});

const names: [what: string, name: string, shown: string][] = [
  ['text that runs backwards', 'Claude\u202egro.live', 'Claude\\u{202e}gro.live'],
  ['lines', 'Claude\n\nVerified: published by claude.ai', 'Claude Verified: published by claude.ai'],
  ['a long name', 'x'.repeat(20_000), `${'x'.repeat(79)}…`],
  ['the longest name', 'x'.repeat(80), 'x'.repeat(80)],
];

test.each(names)('the name that an app gave itself is shown in one short line, with %s visible', (_what, name, shown) => {
  expect(shownName(name)).toBe(shown);
});
