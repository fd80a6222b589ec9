import { Usage } from '../protocol.ts';

/** No tokens, and no known cost. */
export const NO_USAGE: Usage = Usage.parse({});

/** Joins two usages field by field. A figure that one of them lacks is the other's. */
export function joinUsage(a: Usage, b: Usage, join: (a: number, b: number) => number): Usage {
  const joined = (x: number | undefined, y: number | undefined) => (x === undefined || y === undefined ? (x ?? y) : join(x, y));
  return Usage.parse(Object.fromEntries(Usage.keyof().options.map((field) => [field, joined(a[field], b[field])])));
}

/** The sum of two usages. */
export const addUsage = (a: Usage, b: Usage): Usage => joinUsage(a, b, (x, y) => x + y);
