import { expect, test } from 'vitest';
import { escapeInvisible } from '../../../src/mcp/result/render.ts';

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
