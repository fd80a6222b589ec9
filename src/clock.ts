/** The time that accounts and jobs read. Tests replace `now` to move it. */
export const clock = {
  /** Milliseconds since 1970. */
  now: (): number => Date.now(),
};

/** A time in ms since 1970 as ISO 8601 in UTC; the number itself if it is outside the range of dates. */
export function isoTime(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString();
}
