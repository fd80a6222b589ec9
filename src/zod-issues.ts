import type { z } from 'zod';

type Path = readonly PropertyKey[];

/** A place in a value, as in `tools.x.deny_if[0]`; empty for the value itself. */
export const placeInValue = (path: Path): string =>
  path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
    .replace(/^\./, '');

interface Wording {
  /** Names the place at the end of a path. */
  place?: (path: Path) => string;
  /** The complaint about an unknown key of the object at `path`. */
  unknownKey?: (key: string, path: Path) => string;
  /** Whether a message that begins with a verb reads on from its place, without a colon. */
  readsOn?: boolean;
  /** Issues that are listed; the rest is counted. */
  max?: number;
}

/** Everything that is wrong with a value: for each issue its place and a sentence without a full stop. */
export function issuesOf(error: z.ZodError, { place = placeInValue, unknownKey, readsOn, max = 20 }: Wording = {}): string[] {
  const sentence = ({ path, message }: z.core.$ZodIssue) => {
    const where = place(path);
    const colon = readsOn && /^(must|is|has) /.test(message) ? '' : ':';
    return where ? `${where}${colon} ${message}` : message;
  };
  // Only what is listed is worded, because a caller may send any number of unknown keys.
  const found = error.issues.flatMap((issue): (() => string)[] =>
    issue.code === 'unrecognized_keys' && unknownKey
      ? issue.keys.map((key) => () => unknownKey(key, issue.path))
      : [() => sentence(issue)],
  );
  const listed = found.slice(0, max).map((word) => word());
  return found.length > max ? [...listed, `and ${found.length - max} more`] : listed;
}
