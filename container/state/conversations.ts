import { mkdir, readdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Refusal } from '../errors.ts';
import type { Conversations, Launch, Provider } from '../providers/provider.ts';
import { exists, PRIVATE_DIRECTORY } from './files.ts';

/** Longest name of a directory entry on Linux, in bytes. */
const MAX_NAME_BYTES = 255;

/** Returns the subdirectory of a CLI's conversations that holds one of them, or undefined. */
async function findConversation(home: string, { root, file }: Conversations, id: string): Promise<string | undefined> {
  const places = await readdir(join(home, root)).catch(() => []);
  for (const place of places) if (await exists(join(home, root, place, file(id)))) return place;
  return undefined;
}

/** True if the CLI can continue a session: its first run got as far as the conversation. */
export async function hasConversation(home: string, conversations: Conversations | undefined, id: string): Promise<boolean> {
  return conversations === undefined || (await findConversation(home, conversations, id)) !== undefined;
}

/** Moves the conversation that a session continues to where its CLI looks for it in `cwd`. Throws a refusal for too long a path. */
export async function moveConversation(
  home: string,
  { conversations }: Pick<Provider, 'conversations'>,
  session: Launch['session'],
  cwd: string,
): Promise<void> {
  const to = conversations?.subdirectory?.(cwd);
  if (conversations === undefined || to === undefined || session.mode === 'new') return;
  const id = session.mode === 'fork' ? (session.from ?? session.id) : session.id;
  const from = await findConversation(home, conversations, id);
  if (from === undefined || from === to) return;
  if (Buffer.byteLength(to) > MAX_NAME_BYTES)
    throw new Refusal('bad_request', 'The path of workingDir is too long to continue a conversation there. Start a new session.');
  const folder = join(home, conversations.root);
  const moved = dirname(conversations.file(id));
  await mkdir(join(folder, to), { recursive: true, mode: PRIVATE_DIRECTORY });
  await rename(join(folder, from, moved), join(folder, to, moved));
}
