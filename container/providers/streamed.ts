import { z } from 'zod';

/** Characters that are counted as one token of output. A token is longer in most texts, so that the count is rather high. */
const CHARS_PER_TOKEN = 3;
/** Tokens between two reports of a stream whose service reports its usage at the end. */
const TOKENS_PER_REPORT = 500;

const Delta = z.object({ delta: z.union([z.string(), z.record(z.string(), z.unknown())]) });

/** Characters of output in an event of a stream. */
function charsIn(event: unknown): number {
  const { data } = Delta.safeParse(event);
  if (!data) return 0;
  const { type: _type, ...parts } = typeof data.delta === 'string' ? { text: data.delta } : data.delta;
  return Object.values(parts).reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 0), 0);
}

/**
 * Estimates the output of a stream as it passes: services report it at the end only, and a budget has to hold before. The function takes
 * each event and returns the tokens so far whenever they rose by `TOKENS_PER_REPORT`, else undefined.
 */
export function estimateOutput(): (event: unknown) => number | undefined {
  let chars = 0;
  let reported = 0;
  return (event) => {
    chars += charsIn(event);
    const tokens = Math.ceil(chars / CHARS_PER_TOKEN);
    if (tokens < reported + TOKENS_PER_REPORT) return undefined;
    reported = tokens;
    return tokens;
  };
}
