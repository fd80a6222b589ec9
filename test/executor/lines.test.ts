import { expect, test } from 'vitest';
import { EVENT_TEXT_MAX } from '../../container/protocol.ts';
import { LINE_MAX, type Piece, splitLines } from '../../container/run/lines.ts';

function split(chunks: Uint8Array[]): Piece[] {
  const splitter = splitLines();
  return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()];
}

const whole = (text: string): Piece => ({ text, end: true, line: text });
const last = (text: string): Piece => ({ text, end: false, line: text });

test('lines are the same wherever the bytes are cut', () => {
  const bytes = Buffer.from('aé€😀\n\nzwei😀\n\u{feff}drei');
  const expected = [whole('aé€😀'), whole(''), whole('zwei😀'), last('\u{feff}drei')];
  for (let at = 0; at <= bytes.length; at += 1) expect(split([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(expected);
  expect(split([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(expected);
});

test.for([
  { title: 'keep a carriage return', bytes: Buffer.from('a\r\n'), pieces: [whole('a\r')] },
  { title: 'show invalid bytes as U+FFFD', bytes: Buffer.from([0xff, 0x61, 0xc3, 0x0a]), pieces: [whole('\u{fffd}a\u{fffd}')] },
  {
    title: 'show a character cut off by the end as U+FFFD',
    bytes: Buffer.from([0xe2, 0x82]),
    pieces: [last('\u{fffd}')],
  },
  {
    title: 'are whole at the end of the output, and show that they lack a line feed',
    bytes: Buffer.from('half'),
    pieces: [last('half')],
  },
  { title: 'are none for no bytes', bytes: Buffer.alloc(0), pieces: [] },
])('lines $title', ({ bytes, pieces }) => {
  expect(split([bytes])).toEqual(pieces);
});

test('lines are one piece up to EVENT_TEXT_MAX, then several that split no surrogate pair', () => {
  const fits = 'x'.repeat(EVENT_TEXT_MAX);
  expect(split([Buffer.from(`${fits}\n`)])).toEqual([whole(fits)]);
  const astral = `x${'😀'.repeat(EVENT_TEXT_MAX)}`;
  const pieces = split([Buffer.from(`${astral}\n`)]);
  expect(pieces.map(({ text }) => text.length)).toEqual([EVENT_TEXT_MAX - 1, EVENT_TEXT_MAX, 2]);
  expect(pieces.every(({ text }) => text.isWellFormed())).toBe(true);
  expect(pieces.at(-1)).toEqual({ text: '😀', end: true, line: astral });
});

test('pieces of a line are returned before its end arrives', () => {
  const splitter = splitLines();
  expect(splitter.push(Buffer.alloc(EVENT_TEXT_MAX + 1, 'x'))).toEqual([{ text: 'x'.repeat(EVENT_TEXT_MAX), end: false }]);
});

test('a whole line is returned up to LINE_MAX only', () => {
  const chunk = Buffer.alloc(EVENT_TEXT_MAX, 'x');
  const chunks = Array.from({ length: LINE_MAX / EVENT_TEXT_MAX }, () => chunk);
  const feed = Buffer.from('\n');
  expect(split([...chunks, feed]).at(-1)?.line).toHaveLength(LINE_MAX);
  expect(split([...chunks, Buffer.from('y\n'), Buffer.from('z\n')]).slice(-2)).toEqual([{ text: 'y', end: true }, whole('z')]);
});
