/** A reason not to go on that its reader can act on: printed as one line, without a stack. */
export class Refusal extends Error {}

/** Prints why the command ended, and sets its exit code. Anything but a refusal is a bug and keeps its stack. */
export function reportFailure(error: unknown) {
  console.error(error instanceof Refusal ? error.message : error);
  process.exitCode = 1;
}
