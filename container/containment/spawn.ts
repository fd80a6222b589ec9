import { spawn } from 'node:child_process';
import { Writable } from 'node:stream';
import type { ProcessPlan } from './containment.ts';

/** Starts a process that leads a process group, without a shell, with pipes for its streams. */
export function spawnPlan({ argv, env, cwd, input3 }: ProcessPlan) {
  const [file = '', ...args] = argv;
  const pipes = Array.from({ length: input3 === undefined ? 3 : 4 }, () => 'pipe' as const);
  const child = spawn(file, args, { cwd, env, stdio: pipes, detached: true });
  // The caller sees a failure by events.once(), but not without pipes.
  child.on('error', () => {});
  const { stdin, stdout, stderr, stdio } = child;
  if (!stdin || !stdout || !stderr) throw new Error(`${file} has no pipes.`);
  const third: unknown = stdio[3];
  if (third instanceof Writable) third.on('error', () => {}).end(input3);
  return { child, stdin, stdout, stderr };
}
