/** Pseudo-random numbers of a seed. */
export interface Random {
  /** From 0 to below 1. */
  next: () => number;
  /** A whole number in a range, including both ends. */
  whole: (from: number, to: number) => number;
  chance: (probability: number) => boolean;
  oneOf: <T>(list: readonly [T, ...T[]]) => T;
}

/** The generator mulberry32. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    next,
    whole: (from, to) => from + Math.floor(next() * (to - from + 1)),
    chance: (probability) => next() < probability,
    oneOf: (list) => list[Math.floor(next() * list.length)] ?? list[0],
  };
}
