import { expect, test } from 'vitest';
import { nextToRun, placeInQueue, type QueueEntry } from '../../../src/account/queue.ts';

const limits = { runningPerAccount: 3, runningPerProvider: 2, queuedPerAccount: 2 };
const job = (id: string, provider: string, isRunning: boolean, session: string | null = null): QueueEntry => ({
  id,
  provider,
  session,
  isRunning,
});
const wanted = (provider: string, session: string | null = null) => ({ id: 'new', provider, session });

const places: [string, QueueEntry[], ReturnType<typeof wanted>, string][] = [
  ['an empty account', [], wanted('claude'), 'running'],
  ['a free slot', [job('a', 'claude', true)], wanted('claude'), 'running'],
  ['a full provider', [job('a', 'claude', true), job('b', 'claude', true)], wanted('claude'), 'queued'],
  ['a full provider beside a free one', [job('a', 'claude', true), job('b', 'claude', true)], wanted('grok'), 'running'],
  ['a full account', [job('a', 'claude', true), job('b', 'claude', true), job('c', 'grok', true)], wanted('grok'), 'queued'],
  ['a session that is running', [job('a', 'claude', true, 's')], wanted('claude', 's'), 'queued'],
  ['another session', [job('a', 'claude', true, 's')], wanted('claude', 't'), 'running'],
  [
    'a full queue',
    [job('a', 'claude', true), job('b', 'claude', true), job('c', 'claude', false), job('d', 'claude', false)],
    wanted('claude'),
    'saturated',
  ],
];

test.each(places)('a job that meets %s', (_name, jobs, asked, place) => {
  expect(placeInQueue(jobs, asked, limits)).toBe(place);
});

const orders: [string, QueueEntry[], string[]][] = [
  ['first come first served', [job('a', 'claude', false), job('b', 'claude', false), job('c', 'claude', false)], ['a', 'b']],
  [
    'a blocked provider lets others pass',
    [job('x', 'claude', true), job('y', 'claude', true), job('a', 'claude', false), job('b', 'grok', false)],
    ['b'],
  ],
  ['one run of a session at a time, in order', [job('a', 'claude', false, 's'), job('b', 'claude', false, 's')], ['a']],
  [
    'a later job of a session does not overtake an earlier one',
    [job('x', 'claude', true), job('y', 'claude', true), job('a', 'claude', false, 's'), job('b', 'grok', false, 's')],
    [],
  ],
  ['nobody waits', [job('a', 'claude', true)], []],
];

test.each(orders)('next to run: %s', (_name, jobs, ids) => {
  expect(nextToRun(jobs, limits).map(({ id }) => id)).toEqual(ids);
});
