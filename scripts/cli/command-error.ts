/** A failure that the operator can act on. Printed as one line, without a stack. */
export class CommandError extends Error {}

/** Prints an error and sets the exit code to 1. Any other error than a CommandError is a bug and is printed with its stack. */
export function reportFailure(error: unknown) {
  console.error(error instanceof CommandError ? error.message : error);
  process.exitCode = 1;
}
