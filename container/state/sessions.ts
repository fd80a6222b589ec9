import { randomUUID } from 'node:crypto';
import { cp, glob, lstat, mkdir, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { Refusal } from '../errors.ts';
import type { RunRequest } from '../protocol.ts';
import type { Launch, Provider } from '../providers/provider.ts';
import { adoptConversation, hasConversation, moveConversation, renewHome } from './conversations.ts';
import { exists, PRIVATE_DIRECTORY, readJsonFile, removeTree, writeJsonFile } from './files.ts';
import { cleanRepositories } from './repositories.ts';
import { accountDirectory, escapes, findWorkingDir } from './workspaces.ts';

/** Name of the directory of a session's conversation. */
const CONVERSATION = 'conversation';
/** Name of the directory that is the HOME of a session's runs. Each run begins with a new one. */
const HOME = 'home';

/** session.json: a session without it cannot be resumed. Times are ms since 1970. */
const SessionRecord = z.object({
  provider: z.string(),
  id: z.string(),
  workspace: z.string().optional(),
  cwd: z.string(),
  createdAt: z.number(),
  updatedAt: z.number(),
});
type SessionRecord = z.infer<typeof SessionRecord>;

/** Paths and record of a request's session, before anything is created. */
export interface SessionPlan {
  launch: Launch['session'];
  directory: string;
  /** HOME of the CLI. */
  home: string;
  /** Directory of the conversation, which outlives HOME. */
  conversation: string;
  /** The workspace, or the session's own directory for work. */
  base: string;
  /** Content for session.json. */
  record: SessionRecord;
  /** Directory of the session that is forked. */
  source?: string;
  conversations?: Provider['conversations'];
  isNew: boolean;
}

/** Finds a request's session and working directory without writing. Throws a refusal if one is missing. */
export async function planSession(
  stateDirectory: string,
  request: RunRequest,
  { conversations }: Provider,
  now: number,
): Promise<SessionPlan> {
  const root = accountDirectory(stateDirectory, request.account);
  const sessions = join(root, 'sessions', request.provider);
  const { launch, origin } = await findOrigin({ sessions, conversations }, request);
  const isNew = launch.mode !== 'resume';
  const directory = join(sessions, launch.id);
  if (isNew && (await exists(directory)))
    throw new Refusal('bad_request', `Session ${launch.id} already exists. Resume it, or use another id.`);

  const workspace = request.workspace ?? origin?.workspace;
  const source = launch.mode === 'fork' && origin ? join(sessions, origin.id) : undefined;
  const base = workspace ? join(root, 'workspaces', workspace) : join(directory, 'work');
  const lookedUp = workspace ? base : join(source ?? directory, 'work');
  const workingDir = request.workingDir ?? (origin && keptDirectory(lookedUp, origin.cwd));
  const inside = workingDir === undefined ? '' : await findWorkingDir(lookedUp, workingDir);
  const createdAt = isNew ? now : (origin?.createdAt ?? now);
  const record = { provider: request.provider, id: launch.id, workspace, cwd: join(base, inside), createdAt, updatedAt: now };
  const conversation = join(directory, CONVERSATION);
  return { launch, directory, home: join(directory, HOME), conversation, base, record, source, conversations, isNew };
}

/** The directory of an earlier run inside the same base, or undefined: then the run begins in the base itself. */
function keptDirectory(base: string, cwd: string): string | undefined {
  const inside = relative(base, cwd);
  return inside === '' || escapes(inside) ? undefined : inside;
}

/** Creates the directories of a planned session. Removes them again on failure. */
export async function makeSession(plan: SessionPlan, isKept: boolean): Promise<void> {
  const { directory, home, conversation, base, record, source, conversations, launch, isNew } = plan;
  await mkdir(dirname(directory), { recursive: true, mode: PRIVATE_DIRECTORY });
  if (source !== undefined) await copySession(source, directory);
  else if (isNew) await mkdir(directory, { mode: PRIVATE_DIRECTORY });
  try {
    for (const path of [join(directory, 'work'), record.cwd]) await mkdir(path, { recursive: true, mode: PRIVATE_DIRECTORY });
    await renewHome(home, conversation, conversations);
    await cleanRepositories(base);
    await moveConversation(conversation, { conversations }, launch, record.cwd);
    if (isKept) await writeJsonFile(join(directory, 'session.json'), record);
    else await rm(join(directory, 'session.json'), { force: true });
  } catch (error) {
    await removeSession(plan);
    throw error;
  }
}

/** Removes a session that was created for a run, and its empty parent directories. */
export async function removeSession({ directory, record, isNew }: SessionPlan): Promise<void> {
  if (!isNew) return;
  await removeTree(directory);
  await removeEmpty(record.cwd);
  await removeEmpty(dirname(directory));
}

/** Directory of a session. */
export const sessionDirectory = (
  stateDirectory: string,
  { account, provider, id }: { account: string; provider: string; id: string },
) => join(accountDirectory(stateDirectory, account), 'sessions', provider, id);

/** Removes a session with the files of its CLI, and parent directories that are empty then. Workspaces stay. */
export async function eraseSession(directory: string): Promise<void> {
  await discardSession(directory);
  await removeEmpty(dirname(directory));
}

/** Directories of the sessions that were last used before a time. A session without a record counts from its last change. */
export async function sessionsBefore(stateDirectory: string, before: number): Promise<string[]> {
  const found: string[] = [];
  for await (const directory of glob('accounts/*/sessions/*/*', { cwd: stateDirectory })) {
    const path = join(stateDirectory, directory);
    const { updatedAt } = (await readJsonFile(join(path, 'session.json'), SessionRecord).catch(() => undefined)) ?? {};
    const usedAt =
      updatedAt ??
      (await stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => before,
      ));
    if (usedAt < before) found.push(path);
  }
  return found;
}

/** Removes a session that was incomplete when its executor was killed, with its incomplete copies. */
export async function discardSession(directory: string): Promise<void> {
  const above = dirname(directory);
  const names = await readdir(above).catch(() => []);
  for (const name of names.filter((name) => name.startsWith(basename(directory)))) await removeTree(join(above, name));
}

/** An account's sessions of one provider. */
interface SessionsOf {
  sessions: string;
  conversations: Provider['conversations'];
}

async function findOrigin(
  place: SessionsOf,
  { session, workspace, provider }: RunRequest,
): Promise<{ launch: Launch['session']; origin?: SessionRecord }> {
  switch (session.mode) {
    case 'new':
      return { launch: session };
    case 'resume':
      return { launch: session, origin: await findSession(place, session.id) };
    case 'latest': {
      const origin = await findLatest(place, provider, workspace);
      return { launch: { mode: 'resume', id: origin.id }, origin };
    }
    case 'fork': {
      const origin = session.from ? await findSession(place, session.from) : await findLatest(place, provider, workspace);
      return { launch: { ...session, from: origin.id }, origin };
    }
    default:
      return session satisfies never;
  }
}

async function findSession(place: SessionsOf, id: string): Promise<SessionRecord> {
  const record = await readRecord(place.sessions, id);
  if (record === undefined) throw new Refusal('session_not_found', `Unknown session ${id}. Start a new one.`);
  if (!(await hasBegun(place, record)))
    throw new Refusal('session_not_found', `Session ${id} has no conversation: its run ended before one began. Start a new one.`);
  return record;
}

async function hasBegun({ sessions, conversations }: SessionsOf, { id }: SessionRecord): Promise<boolean> {
  const folder = join(sessions, id, CONVERSATION);
  if (conversations !== undefined) await adoptConversation(join(sessions, id, HOME), folder, conversations);
  return hasConversation(folder, conversations, id);
}

async function findLatest(place: SessionsOf, provider: string, workspace: string | undefined): Promise<SessionRecord> {
  if (workspace === undefined)
    throw new Refusal('session_not_found', 'The latest session belongs to a workspace. Name the workspace.');
  const ids = await readdir(place.sessions).catch(() => []);
  const records = await Promise.all(ids.map((id) => readRecord(place.sessions, id)));
  const newestFirst = records
    .filter((record) => record !== undefined)
    .filter((record) => record.workspace === workspace)
    .sort((a, b) => b.updatedAt - a.updatedAt);
  for (const record of newestFirst) if (await hasBegun(place, record)) return record;
  throw new Refusal('session_not_found', `Workspace ${workspace} has no conversation of ${provider}. Start a new one.`);
}

async function readRecord(sessions: string, id: string): Promise<SessionRecord | undefined> {
  const record = await readJsonFile(join(sessions, id, 'session.json'), SessionRecord);
  // An incomplete copy still has the record of its source.
  return record?.id === id ? record : undefined;
}

async function copySession(source: string, directory: string): Promise<void> {
  const draft = `${directory}.${randomUUID()}`;
  try {
    const filter = async (path: string) => path !== join(source, HOME) && (await isCopied(path));
    await cp(source, draft, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true, filter });
    await rename(draft, directory);
  } finally {
    await removeTree(draft);
  }
}

/** Sockets and pipes are not copied, because their processes have ended. */
async function isCopied(path: string): Promise<boolean> {
  const entry = await lstat(path);
  return entry.isFile() || entry.isDirectory() || entry.isSymbolicLink();
}

async function removeEmpty(path: string): Promise<void> {
  for (let directory = path; ; directory = dirname(directory)) {
    try {
      await rmdir(directory);
    } catch {
      return;
    }
  }
}
