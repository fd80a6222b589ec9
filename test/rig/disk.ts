import { closeSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { mayMount, mountSmallDisk } from '../helpers/small-disk.ts';

const DISK_BYTES = 134_217_728;
const BLOCK = Buffer.alloc(4_096);
const FILLER = 'filler';

/** The disk of a rig's executor: a small one if this process may mount it. */
export interface Disk {
  isSmall: boolean;
  /** Fills a small disk. Returns the function that frees it. */
  fill: () => () => void;
  /** Removes everything on it. */
  clear: () => void;
  unmount: () => void;
}

/** Opens the disk of a directory. */
export function openDisk(directory: string): Disk {
  const unmount = mayMount ? mountSmallDisk(directory, DISK_BYTES) : () => {};
  return {
    isSmall: mayMount,
    fill: () => {
      const path = join(directory, FILLER);
      const file = openSync(path, 'w');
      try {
        for (;;) writeSync(file, BLOCK);
      } catch {
        closeSync(file);
      }
      return () => rmSync(path, { force: true });
    },
    clear: () => {
      for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true });
    },
    unmount,
  };
}
