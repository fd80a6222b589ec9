import { z } from 'zod';

/** A request for a run of test files, after these files have changed. */
export const Order = z.object({ files: z.array(z.string()), changed: z.array(z.string()) });
export type Order = z.infer<typeof Order>;

/** What failed first: a test's file and name, or an error outside a test. Null: everything passed. */
export const Verdict = z.object({ failure: z.string().nullable() });
export type Verdict = z.infer<typeof Verdict>;
