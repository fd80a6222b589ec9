import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { RunSession } from '../../container/protocol.ts';
import { isExit, refusalOf, requestOf, type Step, startExecutor, textOf, WITH_BOUND } from './executor.ts';

let executor: Awaited<ReturnType<typeof startExecutor>>;
beforeAll(async () => {
  executor = await startExecutor(WITH_BOUND);
});

const anAccount = () => `account-${randomUUID().slice(0, 8)}`;
const save = (text: string): Step => ({ converse: text });
const recall: Step = { recall: true };
/** A request to the CLI that keeps conversations. */
const talk: typeof requestOf = (steps, changes) => requestOf(steps, { provider: 'bound', ...changes });
const newSession = (id: string = randomUUID()) => ({ mode: 'new' as const, id });

/** Creates a session whose conversation holds a name. */
async function remember(account: string, name: string, workspace?: string): Promise<string> {
  const session = newSession();
  await executor.play(talk([save(name)], { account, session, workspace }));
  return session.id;
}

test('a session keeps its conversation for the next run, whose CLI resumes', async () => {
  const account = anAccount();
  const id = await remember(account, 'first');
  const events = await executor.play(talk([recall, { tell: 'argv' }], { account, session: { mode: 'resume', id } }));
  expect(textOf(events)).toBe('first\n["resume"]\n');
  expect(events[0]).toMatchObject({ kind: 'start', sessionId: id });
});

test('the latest session of a workspace is resumed', async () => {
  const account = anAccount();
  await remember(account, 'other workspace', 'two');
  const older = await remember(account, 'older', 'one');
  await remember(account, 'newer', 'one');
  const latest = () => executor.play(talk([recall], { account, workspace: 'one', session: { mode: 'latest' } })).then(textOf);
  expect(await latest()).toBe('newer\n');
  await executor.play(talk([], { account, session: { mode: 'resume', id: older } }));
  expect(await latest()).toBe('older\n');
});

test.for(['given', 'latest'])('a fork of the %s session is a copy', async (which) => {
  const account = anAccount();
  const from = await remember(account, 'source', 'one');
  const fork = { mode: 'fork' as const, id: randomUUID(), from: which === 'given' ? from : undefined };
  const events = await executor.play(talk([recall, save('fork')], { account, workspace: 'one', session: fork }));
  expect(textOf(events)).toBe('source\n');
  for (const { id, memory } of [
    { id: from, memory: 'source\n' },
    { id: fork.id, memory: 'fork\n' },
  ])
    expect(textOf(await executor.play(talk([recall], { account, session: { mode: 'resume', id } })))).toBe(memory);
});

test('a session is free again as soon as its fork has a copy', async () => {
  const account = anAccount();
  const from = await remember(account, 'source');
  const fork = await executor.put(talk([{ stay: true }], { account, session: { mode: 'fork', id: randomUUID(), from } }));
  expect(await executor.put(talk([], { account, session: { mode: 'resume', id: from } }))).toMatchObject({ status: 201 });
  await executor.call('DELETE', `/runs/${fork.id}`);
  await executor.readUntil(fork.id, isExit);
});

test('a session stays in its workspace if a later run names none', async () => {
  const account = anAccount();
  const id = await remember(account, 'x', 'shop');
  const events = await executor.play(talk([{ tell: 'cwd' }], { account, session: { mode: 'resume', id } }));
  expect(textOf(events)).toBe(`"${join(executor.state, 'accounts', account, 'workspaces/shop')}"\n`);
});

test('a session is refused while a run uses it, and free with that run’s exit event', async () => {
  const session = newSession();
  const { id } = await executor.put(requestOf([{ stay: true }], { session }));
  const again = requestOf([], { session: { mode: 'resume', id: session.id } });
  const fork = requestOf([], { session: { mode: 'fork', id: randomUUID(), from: session.id } });
  expect(refusalOf(await executor.put(again)).code).toBe('session_busy');
  expect(refusalOf(await executor.put(fork)).code).toBe('session_busy');
  await executor.call('DELETE', `/runs/${id}`);
  await executor.readUntil(id, isExit);
  expect(await executor.put(again)).toMatchObject({ status: 201 });
});

test('a session is unknown to another account, and its id cannot be used again', async () => {
  const account = anAccount();
  const id = await remember(account, 'mine');
  const { text: foreign } = await executor.put(talk([], { account: anAccount(), session: { mode: 'resume', id } }));
  expect(JSON.parse(foreign).code).toBe('session_not_found');
  expect(refusalOf(await executor.put(talk([], { account, session: newSession(id) })))).toMatchObject({
    code: 'bad_request',
  });
  expect(textOf(await executor.play(talk([recall], { account, session: { mode: 'resume', id } })))).toBe('mine\n');
});

test.for([
  { title: 'no workspace', workspace: undefined },
  { title: 'a workspace without sessions', workspace: 'empty' },
])('the latest session of $title is not found', async ({ workspace }) => {
  const request = requestOf([], { account: anAccount(), workspace, session: { mode: 'latest' } });
  expect(refusalOf(await executor.put(request)).code).toBe('session_not_found');
});

/** Runs a CLI that begins a conversation, or ends before. */
async function converse(account: string, workspace: string, steps: Step[] = [{ converse: '' }]): Promise<string> {
  const session = newSession();
  await executor.play(requestOf(steps, { account, provider: 'bound', session, workspace }));
  return session.id;
}

test('the latest session is the newest one whose conversation began', async () => {
  const account = anAccount();
  const begun = await converse(account, 'w');
  await converse(account, 'w', []);
  const again = { account, provider: 'bound', workspace: 'w' };
  const resumed = await executor.play(requestOf([], { ...again, session: { mode: 'latest' } }));
  expect(resumed[0]).toMatchObject({ kind: 'start', sessionId: begun });
  const copied = await executor.play(requestOf([{ findLogs: true }], { ...again, session: { mode: 'fork', id: randomUUID() } }));
  expect(textOf(copied)).toContain(`/${begun}/log`);
});

test('a session whose conversation never began is not found: by its id, as the source of a copy, or as the latest', async () => {
  const account = anAccount();
  const id = await converse(account, 'w', []);
  const fork = randomUUID();
  const wanted: RunSession[] = [
    { mode: 'resume', id },
    { mode: 'fork', id: fork, from: id },
    { mode: 'fork', id: fork },
    { mode: 'latest' },
  ];
  for (const session of wanted) {
    const refusal = refusalOf(await executor.put(requestOf([], { account, provider: 'bound', workspace: 'w', session })));
    expect(refusal).toMatchObject({ code: 'session_not_found', message: expect.stringMatching(/no conversation/) });
  }
});

test('a copy that ended before its conversation began is not found, and its source is', async () => {
  const account = anAccount();
  const from = await converse(account, 'w');
  const fork = { mode: 'fork' as const, id: randomUUID(), from };
  const again = { account, provider: 'bound' };
  await executor.play(requestOf([], { ...again, session: fork }));
  expect(refusalOf(await executor.put(requestOf([], { ...again, session: { mode: 'resume', id: fork.id } }))).code).toBe(
    'session_not_found',
  );
  expect(await executor.put(requestOf([], { ...again, session: { mode: 'resume', id: from } }))).toMatchObject({ status: 201 });
});

test.for(['scripted', 'bound'])('a conversation of %s keeps its directory until a run names another', async (provider) => {
  const account = anAccount();
  const workspace = join(executor.state, 'accounts', account, 'workspaces/w');
  await mkdir(join(workspace, 'sub/dir'), { recursive: true });
  const { id } = newSession();
  const copy = randomUUID();
  const runs: [RunSession, string | undefined, string][] = [
    [newSession(id), 'sub/dir', 'sub/dir'],
    [{ mode: 'resume', id }, undefined, 'sub/dir'],
    [{ mode: 'latest' }, undefined, 'sub/dir'],
    [{ mode: 'fork', id: copy, from: id }, undefined, 'sub/dir'],
    [{ mode: 'resume', id }, '.', ''],
    [{ mode: 'resume', id }, undefined, ''],
    [{ mode: 'resume', id: copy }, undefined, 'sub/dir'],
  ];
  for (const [session, workingDir, expected] of runs) {
    const request = requestOf([{ tell: 'cwd' }, { converse: '' }, { findLogs: true }], {
      ...{ account, provider, workspace: 'w', session, workingDir },
    });
    const [cwd = '', logs] = textOf(await executor.play(request)).split('\n');
    expect(JSON.parse(cwd)).toBe(join(workspace, expected));
    expect(logs).toContain(cwd.slice(1, -1).replaceAll('/', '-'));
  }
});

test('a session of its own keeps its directory, also in a copy', async () => {
  const account = anAccount();
  const id = await remember(account, 'x');
  const sessions = join(executor.state, 'accounts', account, 'sessions/bound');
  await mkdir(join(sessions, id, 'work/sub'));
  const cwdOf = async (session: RunSession, workingDir?: string) =>
    JSON.parse(textOf(await executor.play(talk([{ tell: 'cwd' }], { account, session, workingDir }))));
  await cwdOf({ mode: 'resume', id }, 'sub');
  const copy = randomUUID();
  expect(await cwdOf({ mode: 'resume', id })).toBe(join(sessions, id, 'work/sub'));
  expect(await cwdOf({ mode: 'fork', id: copy, from: id })).toBe(join(sessions, copy, 'work/sub'));
});

test('a directory of a conversation that was replaced by a link out of the workspace is refused', async () => {
  const account = anAccount();
  const workspace = join(executor.state, 'accounts', account, 'workspaces/w');
  await mkdir(join(workspace, 'sub'), { recursive: true });
  const session = newSession();
  await executor.play(requestOf([], { account, workspace: 'w', workingDir: 'sub', session }));
  await rm(join(workspace, 'sub'), { recursive: true });
  await symlink('/tmp', join(workspace, 'sub'));
  const resumed = await executor.put(requestOf([], { account, session: { mode: 'resume', id: session.id } }));
  expect(refusalOf(resumed)).toMatchObject({ code: 'bad_request', message: expect.stringContaining('outside') });
});

test('an ephemeral session is removed with its run', async () => {
  const account = anAccount();
  const session = newSession();
  await executor.play(talk([save('x')], { account, session, options: { noSessionPersistence: true } }));
  expect(await readdir(join(executor.state, 'accounts', account, 'sessions/bound'))).toEqual([]);
});

test('a session’s directories are not accessible to other users', async () => {
  const account = anAccount();
  const id = await remember(account, 'x', 'one');
  const root = join(executor.state, 'accounts', account);
  for (const path of ['', 'workspaces/one', `sessions/bound/${id}/home`, `sessions/bound/${id}/work`])
    expect((await stat(join(root, path))).mode & 0o777).toBe(0o700);
});

/** Runs in a workspace `w` with directories, a file, and links inside and out of it. */
async function putInWorkspace(workingDir: string) {
  const account = anAccount();
  const workspaces = join(executor.state, 'accounts', account, 'workspaces');
  const workspace = join(workspaces, 'w');
  await mkdir(join(workspace, 'app/src'), { recursive: true });
  await mkdir(join(workspaces, 'other/app'), { recursive: true });
  await symlink('../other', join(workspace, 'outside'));
  await symlink('app/src', join(workspace, 'inside'));
  await writeFile(join(workspace, 'app/file'), '');
  return { workspace, ...(await executor.put(requestOf([{ tell: 'cwd' }], { account, workspace: 'w', workingDir }))) };
}

test.for([
  { title: 'a directory of the workspace', workingDir: 'app/src', cwd: 'app/src' },
  { title: 'the workspace itself', workingDir: '.', cwd: '' },
  { title: 'a path that leaves a directory again', workingDir: 'app/../app', cwd: 'app' },
  { title: 'a link inside the workspace', workingDir: 'inside', cwd: 'app/src' },
])('workingDir may be $title', async ({ workingDir, cwd }) => {
  const { workspace, id } = await putInWorkspace(workingDir);
  expect(textOf(await executor.readUntil(id, isExit))).toBe(`${JSON.stringify(join(workspace, cwd))}\n`);
});

test.for([
  { title: 'a parent of the workspace', workingDir: '../other' },
  { title: 'a path that leaves the workspace in the middle', workingDir: 'app/../../other' },
  { title: 'an absolute path', workingDir: '/tmp' },
  { title: 'a link out of the workspace', workingDir: 'outside' },
  { title: 'a path through a link out of the workspace', workingDir: 'outside/app' },
  { title: 'a path that leaves the workspace behind a link', workingDir: 'inside/../../..' },
  { title: 'a missing directory', workingDir: 'missing' },
  { title: 'a file', workingDir: 'app/file' },
])('workingDir may not be $title', async ({ workingDir }) => {
  const refusal = refusalOf(await putInWorkspace(workingDir));
  expect(refusal).toMatchObject({ code: 'bad_request', message: expect.stringContaining('workingDir') });
});

test('a workingDir of a new workspace or session is refused, and leaves nothing behind', async () => {
  const account = anAccount();
  for (const workspace of [undefined, 'w']) {
    const reply = await executor.put(requestOf([], { account, workspace, workingDir: 'app' }));
    expect(refusalOf(reply).code).toBe('bad_request');
  }
  expect(await readdir(join(executor.state, 'accounts'))).not.toContain(account);
});

test('a conversation in the HOME of an earlier version is continued', async () => {
  const account = anAccount();
  const id = await remember(account, 'old');
  const session = join(executor.state, 'accounts', account, 'sessions/bound', id);
  await rm(join(session, 'home/.bound'));
  await rename(join(session, 'conversation'), join(session, 'home/.bound'));
  expect(textOf(await executor.play(talk([recall], { account, session: { mode: 'resume', id } })))).toBe('old\n');
});
