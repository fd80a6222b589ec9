import { statfs } from 'node:fs/promises';
import { relative } from 'node:path';
import { errnoOf, messageOf } from '../errors.ts';
import type { DiskFigures } from '../protocol.ts';

/** A write to a file that failed, with its size in bytes. `code` is the errno name. */
export class WriteError extends Error {
  readonly code: string | undefined;
  readonly path: string;
  readonly neededBytes: number;

  constructor(cause: unknown, path: string, neededBytes: number) {
    super(messageOf(cause), { cause });
    this.code = errnoOf(cause);
    this.path = path;
    this.neededBytes = neededBytes;
  }
}

/** Returns the disk space available to an unprivileged process below a directory, in bytes. */
export async function freeDiskBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

/** Returns the figures of a write below the state directory that failed because its disk, or the user's share of it, is full. Else undefined. */
export async function diskFigures(error: unknown, stateDirectory: string): Promise<DiskFigures | undefined> {
  if (!['ENOSPC', 'EDQUOT'].includes(errnoOf(error) ?? '')) return undefined;
  const path = error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : stateDirectory;
  const neededBytes = error instanceof WriteError ? error.neededBytes : undefined;
  return { freeBytes: await freeDiskBytes(stateDirectory), neededBytes, path: relative(stateDirectory, path) || '.' };
}
