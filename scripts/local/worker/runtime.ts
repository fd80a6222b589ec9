import { z } from 'zod';

/** What the process of the Worker is told at its start. */
export const StartMessage = z.object({
  /** Path of a configuration of wrangler. */
  config: z.string(),
  port: z.int(),
  /** Directory of the Worker's state. */
  persist: z.string(),
  bindings: z.record(z.string(), z.string()),
  /** Run the CLIs in containers. */
  containers: z.boolean(),
});
export type StartMessage = z.output<typeof StartMessage>;

/** A Worker that accepts requests. */
export interface Runtime {
  url: string;
  stop: () => Promise<void>;
}
