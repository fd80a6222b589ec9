import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { MemoryFigures } from '../protocol.ts';

/** Files of a memory cgroup, by version. */
const FILES = {
  v2: { kills: 'memory.events', limit: 'memory.max', peak: 'memory.peak' },
  v1: { kills: 'memory.oom_control', limit: 'memory.limit_in_bytes', peak: 'memory.max_usage_in_bytes' },
} as const;

const textOf = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

/** A number of bytes, or undefined for none and for the largest one, which means no limit. */
function bytesIn(text: string | undefined): number | undefined {
  const bytes = Number(text?.trim() || Number.NaN);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

const killsIn = (text: string | undefined): number | undefined => {
  const found = /^oom_kill (\d+)$/m.exec(text ?? '')?.[1];
  return found === undefined ? undefined : Number(found);
};

/** Figures of the cgroup at a path below a mount, with the limit and the peak of the nearest one that has a limit. */
function readGroup(mount: string, path: string, files: (typeof FILES)['v1' | 'v2']): MemoryFigures | undefined {
  const oomKills = killsIn(textOf(join(mount, path, files.kills)));
  if (oomKills === undefined) return undefined;
  for (let place = path; ; place = dirname(place)) {
    const limitBytes = bytesIn(textOf(join(mount, place, files.limit)));
    if (limitBytes !== undefined) return { oomKills, limitBytes, peakBytes: bytesIn(textOf(join(mount, place, files.peak))) };
    if (place === '/') return { oomKills };
  }
}

/** Figures of the whole machine. */
function readMachine(root: string): MemoryFigures | undefined {
  const oomKills = killsIn(textOf(join(root, 'proc/vmstat')));
  const total = /^MemTotal: +(\d+) kB$/m.exec(textOf(join(root, 'proc/meminfo')) ?? '')?.[1];
  return oomKills === undefined ? undefined : { oomKills, ...(total && { limitBytes: Number(total) * 1_024 }) };
}

/** Part of the executor's memory that one run may use at most. */
const RUN_PART = 0.75;

/** What one run may use of the memory that the executor has, in bytes: `wanted`, or less on a small machine, so that others continue. */
export const memoryShare = (wanted: number, machineBytes: number): number =>
  Math.min(wanted, Math.floor(machineBytes * RUN_PART));

/**
 * The processes that the kernel has killed for lack of memory so far, where this one and its descendants run, and the limit there. Undefined
 * if the system does not tell.
 */
export function readMemory(root = '/'): MemoryFigures | undefined {
  const groups = textOf(join(root, 'proc/self/cgroup')) ?? '';
  const unified = /^0::(\/.*)$/m.exec(groups)?.[1];
  const memory = /^\d{1,9}:(?:[^:\n]{0,200},)?memory(?:,[^:\n]{0,200})?:(\/.*)$/m.exec(groups)?.[1];
  // Inside a container the group's path may be the one outside, while only the group itself is mounted.
  for (const path of [unified, '/'])
    for (const mount of ['sys/fs/cgroup', 'sys/fs/cgroup/unified']) {
      const found = path === undefined ? undefined : readGroup(join(root, mount), path, FILES.v2);
      if (found) return found;
    }
  for (const path of memory === undefined ? [] : [memory, '/']) {
    const found = readGroup(join(root, 'sys/fs/cgroup/memory'), path, FILES.v1);
    if (found) return found;
  }
  return readMachine(root);
}
