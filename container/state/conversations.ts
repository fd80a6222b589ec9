import type { Stats } from 'node:fs';
import { lstat, mkdir, readdir, realpath, rename, rmdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Refusal } from '../errors.ts';
import type { Conversations, Launch, Provider } from '../providers/provider.ts';
import { exists, PRIVATE_DIRECTORY, removeTree } from './files.ts';

/** Longest name of a directory entry on Linux, in bytes. */
const MAX_NAME_BYTES = 255;
/** Largest file of a conversation, in bytes. */
const MAX_FILE_BYTES = 268_435_456;

/** True for a file that is only data: a regular file of bounded size, under one name. */
const isData = (stats: Stats): boolean => stats.isFile() && stats.nlink === 1 && stats.size <= MAX_FILE_BYTES;

/** Returns the subdirectory of a conversation's directory that holds a conversation, or undefined. */
async function findConversation(folder: string, { file }: Conversations, id: string): Promise<string | undefined> {
  const places = await readdir(folder).catch(() => []);
  for (const place of places) {
    const stats = await lstat(join(folder, place, file(id))).catch(() => undefined);
    if (stats !== undefined && isData(stats)) return place;
  }
  return undefined;
}

/** True if the CLI can continue a session: its first run got as far as the conversation, which `folder` holds. */
export async function hasConversation(folder: string, conversations: Conversations | undefined, id: string): Promise<boolean> {
  return conversations === undefined || (await findConversation(folder, conversations, id)) !== undefined;
}

/** Moves the conversation that a session continues to where its CLI looks for it in `cwd`. Throws a refusal for too long a path. */
export async function moveConversation(
  folder: string,
  { conversations }: Pick<Provider, 'conversations'>,
  session: Launch['session'],
  cwd: string,
): Promise<void> {
  const to = conversations?.subdirectory?.(cwd);
  if (conversations === undefined || to === undefined || session.mode === 'new') return;
  const id = session.mode === 'fork' ? (session.from ?? session.id) : session.id;
  const from = await findConversation(folder, conversations, id);
  if (from === undefined || from === to) return;
  if (Buffer.byteLength(to) > MAX_NAME_BYTES)
    throw new Refusal('bad_request', 'The path of workingDir is too long to continue a conversation there. Start a new session.');
  const moved = dirname(conversations.file(id));
  await mkdir(join(folder, to), { recursive: true, mode: PRIVATE_DIRECTORY });
  await rename(join(folder, from, moved), join(folder, to, moved));
}

/**
 * Makes a new HOME, in which only the conversation is of earlier runs: a link to `folder`, without anything that is not a file of
 * a conversation. So nothing that a run leaves in its HOME is read or executed by a later one.
 */
export async function renewHome(home: string, folder: string, conversations: Conversations | undefined): Promise<void> {
  await mkdir(folder, { recursive: true, mode: PRIVATE_DIRECTORY });
  if (conversations !== undefined) await pruneConversation(folder, conversations.keeps);
  await removeTree(home);
  await mkdir(home, { mode: PRIVATE_DIRECTORY });
  if (conversations === undefined) return;
  const link = join(home, conversations.root);
  await mkdir(dirname(link), { recursive: true, mode: PRIVATE_DIRECTORY });
  await symlink(folder, link);
}

/** Moves a conversation out of the HOME of an earlier version to `folder`, unless a run replaced a directory above it by a link. */
export async function adoptConversation(home: string, folder: string, { root }: Conversations): Promise<void> {
  if (await exists(folder)) return;
  const old = join(home, root);
  const isDirectory = await Promise.all([lstat(old), realpath(old), realpath(home)]).then(
    ([stats, path, base]) => stats.isDirectory() && path === join(base, root),
    () => false,
  );
  if (isDirectory) await rename(old, folder);
}

/** Removes what is not a file of a conversation. `keeps` matches paths below `folder`. */
async function pruneConversation(folder: string, keeps: RegExp, below = ''): Promise<void> {
  for (const name of await readdir(join(folder, below))) {
    const path = join(below, name);
    const stats = await lstat(join(folder, path));
    if (!stats.isDirectory()) {
      if (!isData(stats) || !keeps.test(path)) await removeTree(join(folder, path));
      continue;
    }
    await pruneConversation(folder, keeps, path);
    // It stays if it holds a file.
    await rmdir(join(folder, path)).catch(() => {});
  }
}
