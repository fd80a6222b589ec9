import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

function run(program: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
}

/** Mounts a file system of a fixed size on a directory. Returns the function that unmounts it. */
export function mountSmallDisk(directory: string, bytes: number): () => void {
  mkdirSync(directory, { recursive: true });
  run('mount', '-t', 'tmpfs', '-o', `size=${bytes}`, 'small-disk', directory);
  return () => run('umount', '--lazy', directory);
}

/** Whether this process may mount file systems. */
export const mayMount: boolean = (() => {
  const directory = mkdtempSync(join(tmpdir(), 'may-mount-'));
  try {
    mountSmallDisk(directory, 65_536)();
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(directory);
  }
})();
