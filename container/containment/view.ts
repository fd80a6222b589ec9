import { existsSync, lstatSync, readdirSync, realpathSync, type Stats } from 'node:fs';
import { userInfo } from 'node:os';
import { join, resolve, sep } from 'node:path';
import type { Reach } from './containment.ts';

/** How a path appears to a run: readable, changeable, as an empty directory, or as an empty file. */
type Appearance = 'read' | 'write' | 'empty' | 'nothing';
export type Mount = readonly [Appearance, path: string];

/** The system, which every run may read. */
const SYSTEM = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/etc', '/nix/store'];
const PROJECT = resolve(import.meta.dirname, '../..');

/** Size of each temporary file system, in bytes: /tmp, /dev/shm and covers. They use memory. */
export const TEMPORARY_BYTES = 268_435_456;

const OTHERS_READ = 0o004;
const OTHERS_READ_DIRECTORY = 0o005;
const OWNER_WRITES = 0o200;

const isBelow = (path: string, base: string) => path === base || path.startsWith(`${base}${sep}`);

/** The entries of a directory other than links, or nothing if it cannot be read. */
function entriesOf(directory: string): { path: string; stats: Stats }[] {
  try {
    return readdirSync(directory).flatMap((name) => {
      const path = join(directory, name);
      const stats = lstatSync(path, { throwIfNoEntry: false });
      return stats === undefined || stats.isSymbolicLink() ? [] : [{ path, stats }];
    });
  } catch {
    return [];
  }
}

/** Covers for what other users of this machine cannot read, because root reads it without any capability. */
function coversBelow(directory: string): Mount[] {
  return entriesOf(directory).flatMap(({ path, stats }): Mount[] => {
    const needed = stats.isDirectory() ? OTHERS_READ_DIRECTORY : OTHERS_READ;
    if ((stats.mode & needed) !== needed) return [[stats.isDirectory() ? 'empty' : 'nothing', path]];
    return stats.isDirectory() ? coversBelow(path) : [];
  });
}

/** Covers for settings of the kernel, which belong to root and need no capability to be changed, and for what only root reads. */
const coverKernel = (): Mount[] =>
  entriesOf('/proc').flatMap(({ path, stats }): Mount[] => {
    if (/^\/proc\/\d+$/.test(path)) return [];
    if (stats.isDirectory()) return [['read', path]];
    if ((stats.mode & OTHERS_READ) === 0) return [['nothing', path]];
    return (stats.mode & OWNER_WRITES) === 0 ? [] : [['read', path]];
  });

/** Files of the system that are links out of it, such as the addresses of name servers. */
function linkedFiles(present: string[]): Mount[] {
  const file = existsSync('/etc/resolv.conf') ? realpathSync('/etc/resolv.conf') : '/etc/resolv.conf';
  return present.some((path) => isBelow(file, path)) || !existsSync(file) ? [] : [['read', file]];
}

/** What all runs see, found once. `proc` is mounted after a new /proc. */
export interface SystemView {
  system: Mount[];
  proc: Mount[];
}

/** Finds the system's directories, and what to cover in them. */
export function findSystem(stateDirectory: string): SystemView {
  const present = SYSTEM.filter((path) => existsSync(path));
  const covered = [PROJECT, stateDirectory, userInfo().homedir].filter((path) => present.some((base) => isBelow(path, base)));
  const reads = present.map((path): Mount => ['read', path]);
  const hidden = covered.map((path): Mount => ['empty', path]);
  return { system: [...reads, ...coversBelow('/etc'), ...linkedFiles(present), ...hidden], proc: coverKernel() };
}

/** What one run sees besides. */
export const reachMounts = ({ reads, writes }: Reach): Mount[] => [
  ...reads.map((path): Mount => ['read', path]),
  ...writes.map((path): Mount => ['write', path]),
];
