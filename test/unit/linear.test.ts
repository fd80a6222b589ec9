import { expect, test } from 'vitest';
import { z } from 'zod';
import { grokPrompt } from '../../container/providers/grok/prompt.ts';
import { providers } from '../../container/providers/index.ts';
import { digestOfArgs } from '../../src/account/digest.ts';
import { retryAtOf } from '../../src/gate/retry-at.ts';
import { escapeInvisible } from '../../src/html/visible.ts';
import { parseInput } from '../../src/mcp/input.ts';
import { stripControls } from '../../src/mcp/result/render.ts';

/** Length of a text, in UTF-16 units. In quadratic time it takes more than the time limit of a test. */
const CHARS = 400_000;

/** What the patterns of the tree begin with, or repeat. */
const PARTS = [
  ...[
    'eyJ-',
    'Bearer ',
    'sk-',
    'lcg_',
    '://',
    '@',
    ' @',
    ' ',
    '\t',
    '\n',
    '/',
    '.',
    '0',
    '1.',
    '"',
    '`',
    'a ',
    'a,',
    'a(',
    'Bash(',
    '$',
  ],
  ...[
    '\u001b]a;',
    '\u001b[0;',
    '\u009b0',
    '\u001bP',
    '\u202e',
    '\ud800',
    'hit your ',
    'out of ',
    'model ',
    'resets 1',
    'error: ',
    '--a ',
  ],
];

const texts = PARTS.map((part): [part: string, text: string] => [JSON.stringify(part), part.repeat(CHARS / part.length)]);

test.each(texts)('a long text of %s is read in linear time', (_part, text) => {
  expect(digestOfArgs({ text, [text]: [text] }).view.length).toBeLessThan(1_000);
  expect(escapeInvisible(stripControls(text)).length).toBeGreaterThanOrEqual(0);
  expect(grokPrompt({ prompt: text }).length).toBeGreaterThanOrEqual(CHARS - 10);
  expect(retryAtOf(new Headers({ 'x-ratelimit-reset': text.replace(/[^ -~]/g, ' ') }), 0)).toBeUndefined();
  for (const { options } of Object.values(providers))
    for (const { type } of Object.values(options))
      for (const value of [text, [text], [text.slice(0, 1_000)]]) type.safeParse(value);
});

test('any number of unknown parameters is refused in linear time, and some are named', () => {
  const args = Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [`promt${index}`, index]));
  const refused = parseInput(z.strictObject({ prompt: z.string().optional() }), args);
  expect(refused.ok).toBe(false);
  expect(JSON.stringify(refused)).toContain('and 199992 more');
});
