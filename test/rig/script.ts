import { randomFrom } from './random.ts';

/** Instructions for the seeded CLI, as JSON in its prompt. They determine its output byte for byte. */
export interface Script {
  key: string;
  seed: number;
  /** Lines before the answer. */
  lines: number;
  /** Longest pause after a line, in ms. */
  pauseMs: number;
  /** Length of the answer, in UTF-16 units. */
  answerLength: number;
  /** Size of the plain lines before everything else, in bytes. They are written without pauses. */
  bulkBytes: number;
  /** Leaves a process behind, which must end with the run. */
  stray?: 'session' | 'daemon' | undefined;
  /** The CLI is killed for lack of memory after this many steps. */
  killedAfter?: number | undefined;
  /** Leaves directories without write permission behind, which must be removed. */
  leavesReadOnly?: boolean | undefined;
}

export interface Step {
  stream: 'stdout' | 'stderr';
  text: string;
  /** Pause after the step, in ms. */
  pauseMs: number;
}

/** Prefix of the stdout line that holds the answer as JSON. */
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

/** The answer of a script. */
export const answerOf = ({ seed, answerLength }: Script): string => textOf(seed + 1, answerLength);

/** Text that the CLI appends to stdout when it receives a stop signal. */
export const epilogueOf = ({ key }: Script): string => `${key} was stopped\n`;

function* bulk({ key, bulkBytes }: Script): Generator<Step> {
  const lines = Math.ceil(bulkBytes / BULK_LINE);
  for (let first = 0; first < lines; first += BULK_STEP_LINES) {
    const count = Math.min(BULK_STEP_LINES, lines - first);
    const text = Array.from({ length: count }, (_, i) => `${`${key} ${first + i} `.padEnd(BULK_LINE - 1, '.')}\n`).join('');
    yield { stream: 'stdout', text, pauseMs: 0 };
  }
}

/** All writes of a script in order; the last one is the answer. */
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

/** Content of a stream after the first `count` steps. */
export function writtenBy(script: Script, stream: Step['stream'], count = Number.POSITIVE_INFINITY): string {
  const steps = [...stepsOf(script)].slice(0, count);
  return steps.map((step) => (step.stream === stream ? step.text : '')).join('');
}
