import { z } from 'zod';

/** Result of one check. `note` means that it works but something may be missing. */
export const Finding = z.object({
  check: z.string(),
  state: z.enum(['ok', 'note', 'wrong']),
  /** What was found and what to do about it. Never contains a secret. */
  says: z.string(),
});
export type Finding = z.infer<typeof Finding>;

export const finding = (check: string, state: Finding['state'], says: string): Finding => ({ check, state, says });
