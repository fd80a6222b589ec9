import { z } from 'zod';

/** A place in a list, as an earlier answer gave it. */
export const cursor = z
  .string()
  .regex(/^\d{1,15}$/, 'must be the nextCursor of an earlier answer')
  .optional();

export const numberOf = (place: string | undefined) => (place === undefined ? undefined : Number(place));
