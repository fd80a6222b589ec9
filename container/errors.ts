import type { z } from 'zod';
import type { ExecutorError } from './protocol.ts';

/** A refused request, with its code in EXECUTOR_ERRORS. The message goes to the caller. */
export class Refusal extends Error {
  readonly code: ExecutorError['code'];

  constructor(code: ExecutorError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** The errno name of a failed system call, such as `ENOENT`, or undefined. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The message of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Formats all issues of a failed parse on one line, each with its path. */
export function formatIssues(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`).join('; ');
}
