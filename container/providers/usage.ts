import { Usage } from '../protocol.ts';

/** No tokens, and no known cost. */
export const NO_USAGE: Usage = Usage.parse({});

/** Joins two usages field by field. A figure that one of them lacks is the other's. Sums end at the largest safe integer. */
export function joinUsage(a: Usage, b: Usage, join: (a: number, b: number) => number): Usage {
  const joined = (x = 0, y = 0) => Math.min(join(x, y), Number.MAX_SAFE_INTEGER);
  const fields = Usage.keyof().options.filter((field) => a[field] !== undefined || b[field] !== undefined);
  return Usage.parse(Object.fromEntries(fields.map((field) => [field, joined(a[field], b[field])])));
}

/** The sum of two usages. */
export const addUsage = (a: Usage, b: Usage): Usage => joinUsage(a, b, (x, y) => x + y);
