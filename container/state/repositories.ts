import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, readlink, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { promisify } from 'node:util';
import { describingConfig } from './git-config.ts';
import { escapes } from './workspaces.ts';

/** Largest part of a repository's files that is read, in bytes. */
const MAX_READ_BYTES = 1_048_576;
const MAX_LIST_BYTES = 67_108_864;
const PRIVATE_FILE = 0o600;
const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY, O_NONBLOCK } = constants;

/**
 * Rewrites the `config` of each git repository below a directory that runs may change, so that it only describes the repository.
 * Never follows a link, because a run may put one in the place of any directory.
 */
export async function cleanRepositories(base: string): Promise<void> {
  const found = await promisify(execFile)('find', [base, '-name', '.git', '-print0', '-prune'], { maxBuffer: MAX_LIST_BYTES });
  const directories = new Set<string>();
  for (const path of found.stdout.split('\0').filter(Boolean))
    for (const directory of await gitDirectories(base, relative(base, path))) directories.add(directory);
  for (const directory of directories) await cleanRepository(base, directory);
}

/** Directories, relative to the base, whose settings git reads for a ".git": itself, what it points to, and the common directory of that. */
async function gitDirectories(base: string, path: string): Promise<string[]> {
  const target = (await pointerAt(base, path)) ?? path;
  const common = await readInside(base, join(target, 'commondir'));
  const all = [target, ...(common === undefined ? [] : [join(target, common.trim())])];
  return all.filter((directory) => !escapes(directory));
}

/** Where a ".git" points if it is a file or a link, relative to the base. */
async function pointerAt(base: string, path: string): Promise<string | undefined> {
  const place = resolve(base, dirname(path));
  const text = await readInside(base, path);
  const [, written] = /^gitdir: (.{1,4096})/.exec(text ?? '') ?? [];
  const linked = written ?? (await readlink(join(base, path)).catch(() => undefined));
  return linked === undefined ? undefined : relative(base, resolve(place, linked));
}

async function cleanRepository(base: string, path: string): Promise<void> {
  const directory = await openDirectory(base, path);
  if (directory === undefined) return;
  try {
    const { here, handle } = directory;
    // Only a repository has it, and other files named config stay.
    if ((await readFileIn(here, 'HEAD')) === undefined) return;
    await rm(join(here, 'config.worktree'), { force: true, recursive: true });
    const text = await readFileIn(here, 'config');
    if (text === undefined) return await rm(join(here, 'config'), { force: true, recursive: true });
    const wanted = describingConfig(text);
    if (text !== wanted) await replaceFile(here, 'config', wanted, await handle.stat());
  } finally {
    await directory.handle.close();
  }
}

async function replaceFile(directory: string, name: string, text: string, owner: { uid: number; gid: number }): Promise<void> {
  const draft = join(directory, `${name}.${randomUUID()}`);
  const file = await open(draft, 'wx', PRIVATE_FILE);
  try {
    await file.writeFile(text);
    await file.chown(owner.uid, owner.gid);
  } finally {
    await file.close();
  }
  await rename(draft, join(directory, name));
}

/** An open directory, and a path to it that no link can change where the system has one. */
interface OpenDirectory {
  handle: FileHandle;
  here: string;
}

async function enter(path: string, flags: number): Promise<OpenDirectory> {
  const handle = await open(path, O_RDONLY | O_DIRECTORY | flags);
  return { handle, here: process.platform === 'linux' ? `/proc/self/fd/${handle.fd}` : path };
}

/** Opens a directory below a base, component by component and without following a link. Undefined if there is none. */
async function openDirectory(base: string, path: string): Promise<OpenDirectory | undefined> {
  let directory: OpenDirectory | undefined = await enter(base, 0);
  for (const name of path.split(sep).filter((name) => name !== '' && name !== '.')) {
    const above: OpenDirectory = directory;
    directory = await enter(join(above.here, name), O_NOFOLLOW).catch(() => undefined);
    await above.handle.close();
    if (directory === undefined) return undefined;
  }
  return directory;
}

async function readInside(base: string, path: string): Promise<string | undefined> {
  const directory = await openDirectory(base, dirname(path));
  return directory && readFileIn(directory.here, basename(path)).finally(() => directory.handle.close());
}

/** The start of a regular file, or undefined. */
async function readFileIn(directory: string, name: string): Promise<string | undefined> {
  const file = await open(join(directory, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    if (!(await file.stat()).isFile()) return undefined;
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(MAX_READ_BYTES), position: 0 });
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
