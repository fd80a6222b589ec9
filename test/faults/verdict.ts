import { answerOf, epilogueOf, type Script, writtenBy } from '../rig/script.ts';

/** What is known of a job that is over. */
export interface Found {
  script: Script;
  state: string;
  reason: string;
  /** False where no run of it was ever taken. */
  wasStarted: boolean;
  stdout: string;
  stderr: string;
  answer: string;
  /** Steps after which the CLI was told to stop, as its journal says. */
  stopAfter: number | undefined;
  /** What a spool still held that survived its executor. */
  spooled: { stdout: string; stderr: string } | undefined;
}

/** Bytes that are missing, and bytes that are there once more than they were written. */
export interface Verdict {
  lost: number;
  duplicated: number;
}

const NONE: Verdict = { lost: 0, duplicated: 0 };
const bytes = (text: string) => Buffer.byteLength(text);
const add = (a: Verdict, b: Verdict): Verdict => ({ lost: a.lost + b.lost, duplicated: a.duplicated + b.duplicated });

/** Lines are unique in a script, so a line that is there again was stored twice. */
function compare(stored: string, expected: string): Verdict {
  if (stored === expected) return NONE;
  const open = new Set(expected.split('\n'));
  let duplicated = 0;
  for (const line of stored.split('\n')) if (!open.delete(line)) duplicated += bytes(line) + 1;
  return { lost: [...open].reduce((sum, line) => sum + bytes(line) + 1, 0), duplicated };
}

/** A run that was killed: what is stored begins as the script does, and ends with what its spool still held. */
function comparePrefix(stored: string, whole: string, tail: string): Verdict {
  const cut = whole.startsWith(stored) ? stored : whole.slice(0, stored.length);
  const missing = stored.endsWith(tail) ? 0 : bytes(tail);
  return add(compare(stored, cut), { lost: missing, duplicated: 0 });
}

/** Where a run was told to stop, the journal knows what it wrote; elsewhere a killed CLI leaves a beginning. */
function wasToldToStop({ state, reason, stopAfter }: Found): boolean {
  return stopAfter !== undefined && (state === 'canceled' || reason === 'shutdown');
}

/** Compares what a job kept with what its script says. */
export function judge(found: Found): Verdict {
  const { script, state, wasStarted, stdout, stderr, answer, stopAfter, spooled } = found;
  if (!wasStarted) return { lost: 0, duplicated: bytes(stdout) + bytes(stderr) };
  if (state === 'completed')
    return [
      compare(stdout, writtenBy(script, 'stdout')),
      compare(stderr, writtenBy(script, 'stderr')),
      compare(answer, answerOf(script)),
    ].reduce(add);
  if (wasToldToStop(found))
    return add(
      compare(stdout, writtenBy(script, 'stdout', stopAfter) + epilogueOf(script)),
      compare(stderr, writtenBy(script, 'stderr', stopAfter)),
    );
  const end = stopAfter === undefined ? '' : epilogueOf(script);
  return add(
    comparePrefix(stdout, writtenBy(script, 'stdout', stopAfter) + end, spooled?.stdout ?? ''),
    comparePrefix(stderr, writtenBy(script, 'stderr', stopAfter), spooled?.stderr ?? ''),
  );
}
