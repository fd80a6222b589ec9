import { appendFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as immediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { EVENT_PAGE_BYTES } from '../../container/protocol.ts';
import { SEGMENT_BYTES } from '../../container/spool/segments.ts';
import { type NewEvent, openSpool as open } from '../../container/spool/spool.ts';
import { temporaryDirectory } from './executor.ts';

const EXIT: NewEvent = { kind: 'exit', cause: 'exit', code: 0, signal: null, stdoutBytes: 0, stderrBytes: 0 };
const Numbered = z.object({ seq: z.int(), text: z.string().optional() });

const texts = (count: number, length = 1): NewEvent[] =>
  Array.from({ length: count }, () => ({ kind: 'text', text: 'x'.repeat(length) }));

async function openSpool(directory: string) {
  const spool = await open(directory);
  onTestFinished(spool.close);
  return spool;
}

async function seqsOf(page: Promise<Buffer>): Promise<number[]> {
  const rows = (await page).toString().split('\n').slice(0, -1);
  return rows.map((row) => Numbered.parse(JSON.parse(row)).seq);
}

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index);

const segmentsIn = async (directory: string) => (await readdir(directory)).filter((name) => name.endsWith('.ndjson'));

test('a spool numbers events without gaps in the order of the calls, also over a restart', async () => {
  const directory = await temporaryDirectory();
  const first = await openSpool(directory);
  await Promise.all([first.append(texts(3)), first.append(texts(2)), first.append([])]);
  await first.close();
  const second = await openSpool(directory);
  await second.append(texts(2));
  expect(second.last()).toBe(7);
  expect(await seqsOf(second.page(0, 100))).toEqual(range(1, 7));
});

test.for([
  { after: 0, limit: 3, seqs: [1, 2, 3] },
  { after: 3, limit: 100, seqs: range(4, 10) },
  { after: 10, limit: 100, seqs: [] },
])('a page after $after has up to $limit events', async ({ after, limit, seqs }) => {
  const spool = await openSpool(await temporaryDirectory());
  await spool.append(texts(10));
  expect(await seqsOf(spool.page(after, limit))).toEqual(seqs);
});

test('a page over several segments ends with the event that fills it', async () => {
  const spool = await openSpool(await temporaryDirectory());
  await spool.append(texts(50, 60_000));
  const page = await spool.page(5, 1_000);
  expect(page.length).toBeGreaterThanOrEqual(EVENT_PAGE_BYTES);
  expect(page.length).toBeLessThan(EVENT_PAGE_BYTES + 61_000);
  const seqs = await seqsOf(Promise.resolve(page));
  expect(seqs).toEqual(range(6, 5 + seqs.length));
});

test('a spool removes acknowledged segments from disk, and then refuses an old cursor', async () => {
  const directory = await temporaryDirectory();
  const spool = await openSpool(directory);
  await spool.append(texts(50, 60_000));
  const before = await segmentsIn(directory);
  await spool.acknowledge(49);
  expect(before.length).toBeGreaterThan(2);
  expect(await segmentsIn(directory)).toEqual(before.slice(-1));
  expect(() => spool.checkCursor(2)).toThrow(/^Events up to \d+ were acknowledged and removed \(cursor 2\)\.$/);
  expect(await seqsOf(spool.page(49, 10))).toEqual([50]);
  expect(await seqsOf((await openSpool(directory)).page(49, 10))).toEqual([50]);
});

test('a spool refuses a cursor beyond the end and names both', async () => {
  const spool = await openSpool(await temporaryDirectory());
  await spool.append(texts(2));
  expect(() => spool.checkCursor(3)).toThrow('Cursor 3 is beyond the last event (2).');
  expect(() => spool.checkCursor(2)).not.toThrow();
});

test('a spool removes a line that a crash cut off', async () => {
  const directory = await temporaryDirectory();
  const first = await openSpool(directory);
  await first.append(texts(2));
  await first.close();
  const [segment = ''] = await segmentsIn(directory);
  await appendFile(join(directory, segment), '{"seq":3,"kind":"te');
  const second = await openSpool(directory);
  await second.append(texts(1));
  expect(await seqsOf(second.page(0, 10))).toEqual([1, 2, 3]);
});

test('a spool knows its end, also over a restart', async () => {
  const directory = await temporaryDirectory();
  const spool = await openSpool(directory);
  await spool.append(texts(1));
  expect([spool.isEnded(), (await openSpool(directory)).isEnded()]).toEqual([false, false]);
  await spool.append([EXIT]);
  expect([spool.isEnded(), (await openSpool(directory)).isEnded()]).toEqual([true, true]);
});

test('a spool wakes a reader with the next event, or when its signal aborts', async () => {
  const spool = await openSpool(await temporaryDirectory());
  const never = new AbortController();
  const leaving = new AbortController();
  const ended: string[] = [];
  const woken = spool.wait(0, never.signal).then(() => ended.push('event'));
  await immediate();
  expect(ended).toEqual([]);
  await spool.append(texts(1));
  await woken;
  await spool.wait(0, never.signal);
  const left = spool.wait(1, leaving.signal).then(() => ended.push('abort'));
  await immediate();
  expect(ended).toEqual(['event']);
  leaving.abort();
  await left;
});

test('a failed write leaves a spool unchanged, and later writes succeed once the disk works', async () => {
  const directory = await temporaryDirectory();
  const spool = await openSpool(directory);
  await spool.append(texts(1, SEGMENT_BYTES));
  await rm(directory, { recursive: true });
  await writeFile(directory, 'in the way');
  await expect(spool.append(texts(2))).rejects.toThrow('ENOTDIR');
  expect(spool.last()).toBe(1);
  await rm(directory);
  await mkdir(directory);
  await spool.append(texts(2));
  expect(await seqsOf(spool.page(1, 10))).toEqual([2, 3]);
});
