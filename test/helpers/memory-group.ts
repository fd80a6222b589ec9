import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Directory and file of a limit, by version of cgroups. */
const VERSIONS = [
  { mount: '/sys/fs/cgroup', has: 'cgroup.controllers', limit: 'memory.max' },
  { mount: '/sys/fs/cgroup/memory', has: 'cgroup.procs', limit: 'memory.limit_in_bytes' },
] as const;

/** A group of processes whose memory is limited. */
export interface MemoryGroup {
  add: (pid: number) => void;
  /** Removes the group, once its processes have ended. */
  remove: () => void;
}

/** Creates a group of processes with this much memory. Undefined if this process may not. */
export function openMemoryGroup(bytes: number): MemoryGroup | undefined {
  for (const { mount, has, limit } of VERSIONS) {
    if (!existsSync(join(mount, has))) continue;
    const directory = join(mount, `llm-cli-gateway-test-${process.pid}-${Date.now()}`);
    try {
      mkdirSync(directory);
      writeFileSync(join(directory, limit), String(bytes));
      return {
        add: (pid: number) => writeFileSync(join(directory, 'cgroup.procs'), String(pid)),
        remove: () => {
          if (readFileSync(join(directory, 'cgroup.procs'), 'utf8').trim() === '') rmdirSync(directory);
        },
      };
    } catch {
      if (existsSync(directory)) rmdirSync(directory);
    }
  }
  return undefined;
}
