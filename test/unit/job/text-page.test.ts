import { expect, test } from 'vitest';
import { textPage } from '../../../src/job/text-page.ts';

const pageOf = (text: string, offset: number, maxChars: number) =>
  textPage((from, units) => text.slice(from, from + units), text.length, offset, maxChars);

function readAll(text: string, maxChars: number): string[] {
  const pages: string[] = [];
  for (let offset: number | null = 0; offset !== null; ) {
    const page = pageOf(text, offset, maxChars);
    pages.push(page.text);
    offset = page.nextOffset;
  }
  return pages;
}

const texts = { ascii: 'hello world', emoji: '😀😀😀😀', mixed: 'a😀漢b👨‍👩‍👧c', family: '👨‍👩‍👧‍👦'.repeat(3), empty: '' };

test.each(Object.entries(texts))(
  'pages of %s give the whole text, whatever their size, and never half a character',
  (_name, text) => {
    for (let size = 1; size <= text.length + 1; size += 1) {
      const pages = readAll(text, size);
      expect(pages.join('')).toBe(text);
      expect(pages.every((page) => page.isWellFormed())).toBe(true);
      expect(pages.every((page) => page.length <= Math.max(size, 2))).toBe(true);
    }
  },
);

test('an offset inside a character begins at the next one', () => {
  expect(pageOf('a😀b', 2, 10)).toEqual({ text: 'b', offset: 3, nextOffset: null, total: 4 });
});

test('the end of the text has no next page', () => {
  expect(pageOf('abc', 3, 10)).toEqual({ text: '', offset: 3, nextOffset: null, total: 3 });
  expect(pageOf('abc', 0, 3)).toEqual({ text: 'abc', offset: 0, nextOffset: null, total: 3 });
});
