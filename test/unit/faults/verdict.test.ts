import { expect, test } from 'vitest';
import { planOf } from '../../faults/plan.ts';
import { type Found, judge } from '../../faults/verdict.ts';
import { answerOf, epilogueOf, type Script, writtenBy } from '../../rig/script.ts';

const script: Script = { key: 'k', seed: 5, lines: 12, pauseMs: 0, answerLength: 50, bulkBytes: 0 };
const whole = writtenBy(script, 'stdout');
const lines = whole.split(/(?<=\n)/);
const [first = '', second = ''] = lines;
const upTo = (steps: number) => writtenBy(script, 'stdout', steps);

const complete: Found = {
  script,
  state: 'completed',
  reason: 'answered',
  wasStarted: true,
  stdout: whole,
  stderr: writtenBy(script, 'stderr'),
  answer: answerOf(script),
  stopAfter: undefined,
  spooled: undefined,
};
const told: Found = {
  ...complete,
  state: 'canceled',
  stopAfter: 4,
  stdout: upTo(4) + epilogueOf(script),
  stderr: writtenBy(script, 'stderr', 4),
};
const killed: Found = { ...complete, state: 'orphaned', reason: 'executor_lost', stdout: upTo(3), stderr: '' };

const hoarder: Found = {
  ...complete,
  script: { ...script, killedAfter: 4 },
  state: 'failed',
  reason: 'out_of_memory',
  stdout: upTo(4),
  stderr: writtenBy(script, 'stderr', 4),
};

const bytes = (text: string) => Buffer.byteLength(text);
const nothing = { lost: 0, duplicated: 0 };
const cases: [string, Found, { lost: number; duplicated: number }][] = [
  ['a completed job with all of its output', complete, nothing],
  ['a line that is missing', { ...complete, stdout: whole.replace(second, '') }, { lost: bytes(second), duplicated: 0 }],
  [
    'a line that is there twice',
    { ...complete, stdout: whole.replace(first, first + first) },
    { lost: 0, duplicated: bytes(first) },
  ],
  ['a canceled job with its last words', told, nothing],
  ['last words that are missing', { ...told, stdout: upTo(4) }, { lost: bytes(epilogueOf(script)), duplicated: 0 }],
  ['a killed job that has a beginning', killed, nothing],
  [
    'a killed job without what its spool held',
    { ...killed, spooled: { stdout: lines[3] ?? '', stderr: '' } },
    { lost: bytes(lines[3] ?? ''), duplicated: 0 },
  ],
  ['a job that ran out of memory after a known step', hoarder, nothing],
  ['one that lacks its last line', { ...hoarder, stdout: upTo(3) }, { lost: bytes(upTo(4)) - bytes(upTo(3)), duplicated: 0 }],
  ['one whose last lines did not fit on the disk', { ...hoarder, reason: 'disk_full', stdout: upTo(2) }, nothing],
  ['output of a job that never started', { ...killed, wasStarted: false, stdout: first }, { lost: 0, duplicated: bytes(first) }],
];

test.each(cases)('the verdict on %s', (_name, found, expected) => {
  expect(judge(found)).toEqual(expected);
});

test('the same seed gives the same faults, another one gives others', () => {
  expect(planOf(1, 50)).toEqual(planOf(1, 50));
  expect(planOf(2, 50)).not.toEqual(planOf(1, 50));
});
