import type { z } from 'zod';
import type { ExecutorError } from './protocol.ts';

/** A request that the executor refuses, by its code in EXECUTOR_ERRORS. The message is for the caller. */
export class Refusal extends Error {
  readonly code: ExecutorError['code'];

  constructor(code: ExecutorError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** The errno name of a failed system call, as in `ENOENT`; undefined for other errors. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** What an unknown error says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** All complaints of a parse on one line, each with its path. */
export function complaintsOf(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`).join('; ');
}
