import { answerOf, epilogueOf, type Script, writtenBy } from '../rig/script.ts';

/** What is known of an ended job. */
export interface Found {
  script: Script;
  state: string;
  reason: string;
  /** False if the executor never accepted its run. */
  wasStarted: boolean;
  stdout: string;
  stderr: string;
  answer: string;
  /** Steps before the CLI received a stop signal, from its journal. */
  stopAfter: number | undefined;
  /** Output in the spool of a killed executor. */
  spooled: { stdout: string; stderr: string } | undefined;
}

/** Missing bytes, and bytes that were stored twice. */
export interface Verdict {
  lost: number;
  duplicated: number;
}

const NONE: Verdict = { lost: 0, duplicated: 0 };
const bytes = (text: string) => Buffer.byteLength(text);
const add = (a: Verdict, b: Verdict): Verdict => ({ lost: a.lost + b.lost, duplicated: a.duplicated + b.duplicated });

/** Compares by line. Lines are unique in a script, so a repeated line was stored twice. */
function compare(stored: string, expected: string): Verdict {
  if (stored === expected) return NONE;
  const open = new Set(expected.split('\n'));
  let duplicated = 0;
  for (const line of stored.split('\n')) if (!open.delete(line)) duplicated += bytes(line) + 1;
  return { lost: [...open].reduce((sum, line) => sum + bytes(line) + 1, 0), duplicated };
}

/** Compares a killed run: its stored output is a prefix of the script's and ends with the rest of its spool. */
function comparePrefix(stored: string, whole: string, tail: string): Verdict {
  const cut = whole.startsWith(stored) ? stored : whole.slice(0, stored.length);
  const missing = stored.endsWith(tail) ? 0 : bytes(tail);
  return add(compare(stored, cut), { lost: missing, duplicated: 0 });
}

/** True if the CLI received a stop signal, so that the journal knows its output. Otherwise it was killed at any point. */
function wasStopped({ state, reason, stopAfter }: Found): boolean {
  return stopAfter !== undefined && (state === 'canceled' || reason === 'shutdown');
}

/** True if the CLI was killed after a known step, and its whole output fitted on the disk. */
const wasKilled = ({ script, state, reason }: Found) =>
  script.killedAfter !== undefined && state === 'failed' && reason !== 'disk_full';

/** Compares a job's stored output with its script. */
export function judge(found: Found): Verdict {
  const { script, state, wasStarted, stdout, stderr, answer, stopAfter, spooled } = found;
  if (!wasStarted) return { lost: 0, duplicated: bytes(stdout) + bytes(stderr) };
  if (state === 'completed')
    return [
      compare(stdout, writtenBy(script, 'stdout')),
      compare(stderr, writtenBy(script, 'stderr')),
      compare(answer, answerOf(script)),
    ].reduce(add);
  if (wasKilled(found))
    return add(
      compare(stdout, writtenBy(script, 'stdout', script.killedAfter)),
      compare(stderr, writtenBy(script, 'stderr', script.killedAfter)),
    );
  if (wasStopped(found))
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
