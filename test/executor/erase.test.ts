import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { startExecutor as startInProcess } from '../../container/start.ts';
import { bound, scripted } from '../fixtures/scripted-provider.ts';
import {
  callsOf,
  environmentOf,
  isExit,
  refusalOf,
  requestOf,
  type Step,
  startExecutor,
  temporaryDirectory,
  WITH_BOUND,
} from './executor.ts';

const DAY_MS = 86_400_000;

let executor: Awaited<ReturnType<typeof startExecutor>>;
beforeAll(async () => {
  executor = await startExecutor(WITH_BOUND);
});

/** Paths of the files below a directory whose content, or whose own path, has a text. */
async function filesWith(directory: string, text: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const found = await Promise.all(files.map(async (file) => file.includes(text) || (await readFile(file)).includes(text)));
  return files.filter((_, index) => found[index]);
}

const saying = (text: string): Step[] => [{ converse: text }, { write: `${text}\n` }];

/** Plays a run to its end in a session of its own. */
async function played(steps: Step[], changes: Parameters<typeof requestOf>[1] = {}) {
  const request = requestOf(steps, changes);
  const { id } = await executor.put(request);
  await executor.readUntil(id, isExit);
  return { id, session: 'id' in request.session ? request.session.id : '' };
}

const erase = (id: string, query: Record<string, string>) =>
  executor.call('DELETE', `/runs/${id}/files?${new URLSearchParams({ account: 'acme', provider: 'scripted', ...query })}`);

test.each(['scripted', 'bound'])('a run of provider %s is erased with its log and its conversation', async (provider) => {
  const secret = `secret-${randomUUID()}`;
  const { id, session } = await played(saying(secret), { provider });
  expect(await filesWith(executor.state, secret)).not.toEqual([]);
  expect(await erase(id, { provider, session })).toEqual({ status: 200, text: '{"erased":true}' });
  expect(await filesWith(executor.state, secret)).toEqual([]);
  expect(await filesWith(executor.state, session)).toEqual([]);
  expect(await filesWith(executor.state, id)).toEqual([]);
  expect((await erase(id, { provider, session })).status).toBe(200);
});

test('without a session, the run is erased and its conversation continues', async () => {
  const provider = 'bound';
  const { id, session } = await played(saying('kept'), { provider });
  await erase(id, { provider });
  expect(existsSync(join(executor.state, 'runs', id))).toBe(false);
  const again = requestOf([{ recall: true }], { provider, session: { mode: 'resume', id: session } });
  expect((await executor.play(again)).map(({ line }) => line?.text)).toContain('kept');
});

test('a workspace stays when a session in it is erased', async () => {
  const { id, session } = await played([{ shell: 'echo mine > file' }], { workspace: 'w1' });
  await erase(id, { session });
  expect(await readFile(join(executor.state, 'accounts/acme/workspaces/w1/file'), 'utf8')).toBe('mine\n');
});

test('a live run, and a session that another run uses, are not erased', async () => {
  const { id, session } = await played(saying('busy'));
  const live = requestOf([{ write: 'up\n' }, { stay: true }], { session: { mode: 'resume', id: session } });
  const { id: running } = await executor.put(live);
  await executor.readUntil(running, ({ line }) => line?.text === 'up');
  expect(refusalOf(await erase(id, { session })).code).toBe('session_busy');
  expect(refusalOf(await erase(running, {})).code).toBe('session_busy');
  await executor.call('DELETE', `/runs/${running}`);
  await executor.readUntil(running, isExit);
  expect((await erase(running, { session })).status).toBe(200);
});

test.each([
  ['an account that is a path', { account: '../x' }, 'bad_request'],
  ['a session that is a path', { session: '..' }, 'bad_request'],
  ['an unknown provider', { provider: '__proto__' }, 'unknown_provider'],
])('%s is refused', async (_what, query, code) => {
  expect(refusalOf(await erase('none', query)).code).toBe(code);
});

/** An executor in this process whose clock is moved by `pass`, and the calls of its routes. */
async function executorWithClock() {
  const state = await temporaryDirectory();
  let offset = 0;
  const start = async () => {
    const started = await startInProcess(environmentOf(state, WITH_BOUND), { scripted, bound }, () => Date.now() + offset);
    return { ...started, ...callsOf(started.listening) };
  };
  let current = await start();
  onTestFinished(() => current.shutDown());
  const play = async (changes: Parameters<typeof requestOf>[1] = {}) => {
    const request = requestOf(saying('x'.repeat(10_000)), changes);
    const { id } = await current.put(request);
    const events = await current.readUntil(id, isExit);
    await current.page(id, `after=${events.at(-1)?.seq}`);
    return 'id' in request.session ? request.session.id : '';
  };
  /** Moves the clock and starts the executor again. */
  const pass = async (ms: number) => {
    offset += ms;
    await current.shutDown();
    current = await start();
  };
  return { state, play, pass };
}

const sessionsIn = (state: string) =>
  readdir(join(state, 'accounts/acme/sessions/scripted')).then(
    (names) => names,
    () => [],
  );

test('a session that no run used for the retention is removed, and one that was used stays', async () => {
  const { state, play, pass } = await executorWithClock();
  const old = await play();
  const used = await play();
  await pass(20 * DAY_MS);
  await play({ session: { mode: 'resume', id: used } });
  expect((await sessionsIn(state)).toSorted()).toEqual([old, used].toSorted());
  await pass(11 * DAY_MS);
  await expect.poll(() => sessionsIn(state), { timeout: 10_000 }).toEqual([used]);
  await pass(20 * DAY_MS);
  await expect.poll(() => sessionsIn(state), { timeout: 10_000 }).toEqual([]);
});

/** The files below a directory with their sizes, and its directories. */
async function contentOf(directory: string): Promise<Record<string, number | 'directory'>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const sizes = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    return [relative(directory, path), entry.isDirectory() ? 'directory' : (await stat(path)).size] as const;
  });
  return Object.fromEntries(await Promise.all(sizes));
}

test('after many runs and the retention, the state directory holds what it held before', async () => {
  const { state, play, pass } = await executorWithClock();
  const before = await contentOf(state);
  for (let round = 0; round < 3; round += 1)
    await Promise.all(Array.from({ length: 8 }, (_, index) => play({ provider: index % 2 ? 'scripted' : 'bound' })));
  expect(Object.keys(await contentOf(state)).length).toBeGreaterThan(2 * 24);
  await pass(31 * DAY_MS);
  await expect.poll(() => contentOf(state), { timeout: 20_000 }).toEqual(before);
});
