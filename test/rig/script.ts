import { randomFrom } from './random.ts';

/** What the seeded CLI is asked to do, as JSON in its prompt. Its output follows from it byte for byte. */
export interface Script {
  key: string;
  seed: number;
  /** Lines before the answer. */
  lines: number;
  /** Longest pause after a line, in ms. */
  pauseMs: number;
  /** UTF-16 units of the answer. */
  answerLength: number;
  /** Bytes of plain lines that come first, as fast as they are read. */
  bulkBytes: number;
  /** Leave a process behind that the run must not outlive. */
  stray?: 'session' | 'daemon' | undefined;
}

export interface Step {
  stream: 'stdout' | 'stderr';
  text: string;
  /** ms to wait afterwards. */
  pauseMs: number;
}

/** Begins the stdout line that holds the answer as JSON. */
export const ANSWER = 'answer:';

const BULK_LINE = 200;
const BULK_STEP_LINES = 500;
const ALPHABET = ['a', 'B', '7', ' ', 'é', '漢', '😀', '"'] as const;
const LONG_LINE = 150_000;

function textOf(seed: number, length: number): string {
  const random = randomFrom(seed);
  const unit = Array.from({ length: 64 }, () => random.oneOf(ALPHABET)).join('');
  return unit
    .repeat(Math.ceil(length / unit.length))
    .slice(0, length)
    .toWellFormed();
}

/** The answer that a script gives. */
export const answerOf = ({ seed, answerLength }: Script): string => textOf(seed + 1, answerLength);

/** What the CLI adds to stdout when it is told to stop. */
export const epilogueOf = ({ key }: Script): string => `${key} was told to stop\n`;

function* bulk({ key, bulkBytes }: Script): Generator<Step> {
  const lines = Math.ceil(bulkBytes / BULK_LINE);
  for (let first = 0; first < lines; first += BULK_STEP_LINES) {
    const count = Math.min(BULK_STEP_LINES, lines - first);
    const text = Array.from({ length: count }, (_, i) => `${`${key} ${first + i} `.padEnd(BULK_LINE - 1, '.')}\n`).join('');
    yield { stream: 'stdout', text, pauseMs: 0 };
  }
}

/** Every write of a script in order; the last one is the answer. */
export function* stepsOf(script: Script): Generator<Step> {
  const random = randomFrom(script.seed);
  yield* bulk(script);
  for (let line = 0; line < script.lines; line += 1) {
    const stream = random.chance(0.1) ? 'stderr' : 'stdout';
    const length = random.chance(0.02) ? LONG_LINE : random.whole(0, 400);
    const text = `${script.key} ${line} ${textOf(random.whole(0, 1e9), length)}\n`;
    yield { stream, text, pauseMs: random.whole(0, script.pauseMs) };
  }
  yield { stream: 'stdout', text: `${ANSWER}${JSON.stringify(answerOf(script))}\n`, pauseMs: 0 };
}

/** What a stream holds after the first `count` steps. */
export function writtenBy(script: Script, stream: Step['stream'], count = Number.POSITIVE_INFINITY): string {
  const steps = [...stepsOf(script)].slice(0, count);
  return steps.map((step) => (step.stream === stream ? step.text : '')).join('');
}
