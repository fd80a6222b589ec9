import { expect, test } from 'vitest';
import { admit, type Standing, turns } from '../../../src/account/queue.ts';

const limits = { runningPerAccount: 3, runningPerProvider: 2, queuedPerAccount: 2 };
const job = (id: string, provider: string, running: boolean, session: string | null = null): Standing => ({
  id,
  provider,
  session,
  running,
});
const wanted = (provider: string, session: string | null = null) => ({ id: 'new', provider, session });

const verdicts: [string, Standing[], ReturnType<typeof wanted>, string][] = [
  ['an empty account', [], wanted('claude'), 'run'],
  ['a free slot', [job('a', 'claude', true)], wanted('claude'), 'run'],
  ['a full provider', [job('a', 'claude', true), job('b', 'claude', true)], wanted('claude'), 'queue'],
  ['a full provider beside a free one', [job('a', 'claude', true), job('b', 'claude', true)], wanted('grok'), 'run'],
  ['a full account', [job('a', 'claude', true), job('b', 'claude', true), job('c', 'grok', true)], wanted('grok'), 'queue'],
  ['a session that is running', [job('a', 'claude', true, 's')], wanted('claude', 's'), 'queue'],
  ['another session', [job('a', 'claude', true, 's')], wanted('claude', 't'), 'run'],
  [
    'a full queue',
    [job('a', 'claude', true), job('b', 'claude', true), job('c', 'claude', false), job('d', 'claude', false)],
    wanted('claude'),
    'saturated',
  ],
];

test.each(verdicts)('a job that meets %s', (_name, jobs, asked, verdict) => {
  expect(admit(jobs, asked, limits)).toBe(verdict);
});

const orders: [string, Standing[], string[]][] = [
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

test.each(orders)('turns: %s', (_name, jobs, ids) => {
  expect(turns(jobs, limits).map(({ id }) => id)).toEqual(ids);
});
