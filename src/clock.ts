/** The time that accounts and jobs read. Tests replace `now` to move it. */
export const clock = {
  /** Milliseconds since 1970. */
  now: (): number => Date.now(),
};
