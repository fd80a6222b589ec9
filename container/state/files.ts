import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, statfs, writeFile } from 'node:fs/promises';
import type { z } from 'zod';
import { errnoOf } from '../errors.ts';

/** Mode of every directory that the executor creates: no access for other users. */
export const PRIVATE_DIRECTORY = 0o700;
const PRIVATE_FILE = 0o600;

/** Writes a JSON file atomically. */
export async function writeJsonFile(path: string, value: unknown): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  try {
    await writeFile(draft, JSON.stringify(value), { mode: PRIVATE_FILE });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Reads a JSON file. Returns undefined if it is missing or does not match the schema. */
export async function readJsonFile<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const text = await readFile(path, 'utf8').catch((error) => {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return 'null';
    throw error;
  });
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Returns the disk space available to an unprivileged process below a directory, in bytes. */
export async function freeDiskBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}
