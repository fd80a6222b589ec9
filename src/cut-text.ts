/** At most `max` UTF-16 units of a text, then how many were left out. */
export function cutText(text: string, max: number): string {
  if (text.length <= max) return text;
  return `${text.slice(0, max).toWellFormed()}… [${text.length - max} more characters]`;
}

/** Length of a value as JSON, in UTF-16 units. */
export const jsonLength = (value: unknown): number => JSON.stringify(value)?.length ?? 0;

/** A JSON value with its texts cut to `maxText` UTF-16 units and its lists to `maxEntries` entries. */
export function cutValue<T>(value: T, maxText: number, maxEntries = Number.POSITIVE_INFINITY): T {
  const cut = (_key: string, part: unknown): unknown => {
    if (typeof part === 'string') return cutText(part, maxText);
    return Array.isArray(part) && part.length > maxEntries ? part.slice(0, maxEntries) : part;
  };
  return JSON.parse(JSON.stringify(value, cut));
}

/** Ever shorter texts and lists, until a value fits. */
export const STEPS: [maxText: number, maxEntries: number][] = [
  [8_000, 1_000],
  [2_000, 200],
  [500, 50],
  [200, 20],
  [100, 5],
];

/** An object whose JSON has at most `max` UTF-16 units: with its texts and lists cut, or else as the start of its JSON. */
export function fitObject<T extends object>(value: T, max: number): T | { start: string } {
  if (jsonLength(value) <= max) return value;
  for (const step of STEPS) {
    const cut = cutValue(value, ...step);
    if (jsonLength(cut) <= max) return cut;
  }
  return { start: cutText(JSON.stringify(value), max >> 1) };
}
