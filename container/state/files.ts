import { randomUUID } from 'node:crypto';
import { chmod, lstat, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import type { z } from 'zod';
import { errnoOf } from '../errors.ts';
import { parsedJson } from '../providers/json.ts';

/** Mode of every directory that the executor creates: no access for other users. */
export const PRIVATE_DIRECTORY = 0o700;
const PRIVATE_FILE = 0o600;

/** Writes a JSON file atomically. */
export async function writeJsonFile(path: string, value: unknown): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  try {
    await writeFile(draft, JSON.stringify(value), { mode: PRIVATE_FILE });
    await rename(draft, path).catch(async (error) => {
      if (errnoOf(error) !== 'EISDIR') throw error;
      await removeTree(path);
      await rename(draft, path);
    });
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Failures to read a file that a run can cause: it is missing, a directory, a link to itself, or not readable. */
const UNREADABLE = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'EACCES']);

/** Reads a JSON file. Returns undefined if it is missing, not readable, or does not match the schema. */
export async function readJsonFile<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const text = await readFile(path, 'utf8').catch((error) => {
    if (UNREADABLE.has(errnoOf(error) ?? '')) return 'null';
    throw error;
  });
  return schema.safeParse(parsedJson(text)).data;
}

/** Removes a file or a directory with its entries, if it exists, also if a run left directories without write permission. */
export async function removeTree(path: string): Promise<void> {
  const remove = () => rm(path, { recursive: true, force: true });
  await remove().catch(async (error) => {
    if (errnoOf(error) !== 'EACCES' && errnoOf(error) !== 'EPERM') throw error;
    await makeWritable(Buffer.from(path));
    await remove();
  });
}

/** Gives this user access to a directory and those below it. Paths are bytes, because a name need not be UTF-8. */
async function makeWritable(path: Buffer): Promise<void> {
  if (!(await lstat(path)).isDirectory()) return;
  await chmod(path, PRIVATE_DIRECTORY);
  for (const { name } of await readdir(path, { withFileTypes: true, encoding: 'buffer' }))
    await makeWritable(Buffer.concat([path, Buffer.from('/'), name]));
}

/** True if a path exists. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error) => {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return false;
      throw error;
    },
  );
}
