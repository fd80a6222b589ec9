import { appendFile, chmod, chown, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Health } from '../../container/protocol.ts';
import {
  exitOf,
  isExit,
  isRunning,
  refusalOf,
  requestOf,
  startExecutor,
  strayTag,
  temporaryDirectory,
  textOf,
} from './executor.ts';

/** An executor as an ordinary user, because root may remove everything. */
async function startUnprivileged(state?: string) {
  const directory = state ?? (await temporaryDirectory());
  const user = process.getuid?.() === 0 ? { uid: 1000, gid: 1000 } : {};
  if (user.uid !== undefined) await chown(directory, user.uid, user.gid);
  return startExecutor({ EXECUTOR_STATE: directory }, user);
}

const healthOf = async ({ call }: Pick<Awaited<ReturnType<typeof startExecutor>>, 'call'>) =>
  Health.parse(JSON.parse((await call('GET', '/health')).text));

/** Leaves what a module cache leaves: directories without write permission. */
const READ_ONLY = {
  shell:
    'mkdir -p "$TMPDIR/cache/a/b" "$HOME/cache/c" && echo x > "$TMPDIR/cache/a/b/f" && echo x > "$HOME/cache/c/f" && chmod -R a-w "$TMPDIR/cache" "$HOME/cache"; chmod 0 "$TMPDIR/cache/a"',
};

test('read-only directories of a run are removed at its end, with its ephemeral session', async () => {
  const executor = await startUnprivileged();
  const request = requestOf([READ_ONLY], { options: { noSessionPersistence: true } });
  const { id } = await executor.put(request);
  expect(exitOf(await executor.readUntil(id, isExit)).code).toBe(0);
  expect((await readdir(join(executor.state, 'runs', id))).sort()).toEqual(['run.json', 'spool']);
  expect(await readdir(join(executor.state, 'accounts/acme/sessions/scripted'))).toEqual([]);
});

test('read-only directories of a run do not stop the next executor, which removes them', async () => {
  const first = await startUnprivileged();
  await first.put(requestOf([READ_ONLY, { write: 'ready\n' }, { stay: true }]), 'killed');
  await first.readUntil('killed', ({ line }) => line?.text === 'ready');
  await first.kill('SIGKILL');
  const second = await startUnprivileged(first.state);
  expect(exitOf(await second.readUntil('killed', isExit)).cause).toBe('executor_lost');
  expect((await readdir(join(second.state, 'runs/killed'))).sort()).toEqual(['run.json', 'spool']);
  expect((await healthOf(second)).quarantined).toBe(0);
});

test('an old acknowledged run is removed at the start, also with read-only directories', async () => {
  const first = await startUnprivileged();
  await first.put(requestOf([]), 'old');
  const { length } = await first.readUntil('old', isExit);
  await first.page('old', `after=${length}`);
  await first.kill('SIGTERM');
  const path = join(first.state, 'runs/old/run.json');
  const record = JSON.parse(await readFile(path, 'utf8'));
  await writeFile(path, JSON.stringify({ ...record, acknowledged: { ...record.acknowledged, at: 1 } }));
  const left = join(first.state, 'runs/old/tmp');
  await mkdir(left);
  await writeFile(join(left, 'f'), 'x');
  if (process.getuid?.() === 0) await Promise.all([left, join(left, 'f')].map((owned) => chown(owned, 1000, 1000)));
  await chmod(left, 0o555);
  const second = await startUnprivileged(first.state);
  expect(await readdir(join(second.state, 'runs'))).toEqual([]);
});

test('an old log that nobody has read is kept at the start, because nobody could read it while the executor was off', async () => {
  const first = await startUnprivileged();
  await first.put(requestOf([{ write: 'kept\n' }]), 'unread');
  await first.readUntil('unread', isExit);
  await first.kill('SIGKILL');
  const path = join(first.state, 'runs/unread/run.json');
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), createdAt: 1 }));
  const second = await startUnprivileged(first.state);
  expect(textOf(await second.readUntil('unread', isExit))).toBe('kept\n');
});

/** Damage to a run's directory, by the id of the run. */
const DAMAGE: Record<string, (run: string) => Promise<unknown>> = {
  'log-ends-with-zeros': async (run) => appendFile(await lastSegment(run), `${'\0'.repeat(8)}\n`),
  'log-ends-with-text': async (run) => appendFile(await lastSegment(run), 'no event\n'),
  'log-is-a-file': (run) => replace(join(run, 'spool'), 'a file'),
  'segment-is-a-directory': async (run) => replace(await lastSegment(run), null),
  'log-is-unreadable': (run) => chmod(join(run, 'spool'), 0),
  'record-is-a-directory': (run) => replace(join(run, 'run.json'), null),
  'record-is-empty': (run) => writeFile(join(run, 'run.json'), ''),
  'record-is-truncated': (run) => writeFile(join(run, 'run.json'), '{"digest":"0'),
  'record-is-unreadable': (run) => chmod(join(run, 'run.json'), 0),
  'directory-is-unreadable': (run) => chmod(run, 0),
  'directory-is-a-file': (run) => replace(run, 'a file'),
};

test('damaged runs are quarantined with their processes ended, and the executor starts with the others', async () => {
  const first = await startUnprivileged();
  const requests = [...Object.keys(DAMAGE), 'intact'].map((id) => ({ id, request: requestOf([{ write: 'once\n' }]) }));
  for (const { id, request } of requests) {
    await first.put(request, id);
    await first.readUntil(id, isExit);
  }
  const tag = strayTag();
  await first.put(requestOf([{ stray: { kind: 'daemon', tag } }, { write: 'ready\n' }, { stay: true }]), 'alive');
  await first.readUntil('alive', ({ line }) => line?.text === 'ready');
  await first.kill('SIGKILL');
  for (const [id, damage] of Object.entries(DAMAGE)) await damage(join(first.state, 'runs', id));
  await appendFile(await lastSegment(join(first.state, 'runs/alive')), 'no event\n');

  const damaged = [...Object.keys(DAMAGE), 'alive'].sort();
  const second = await startUnprivileged(first.state);
  expect(textOf(await second.readUntil('intact', isExit))).toBe('once\n');
  expect((await healthOf(second)).quarantined).toBe(damaged.length);
  expect((await readdir(join(second.state, 'quarantine'))).sort()).toEqual(damaged);
  expect(isRunning(tag)).toBe(false);
  await second.kill('SIGKILL');
  const log = await second.stderr;
  expect(damaged.filter((id) => !log.includes(`Run ${id} cannot be recovered`))).toEqual([]);

  const third = await startUnprivileged(first.state);
  expect((await healthOf(third)).quarantined).toBe(damaged.length);
  for (const { id, request } of requests.filter(({ id }) => id !== 'intact')) {
    const { code, message } = refusalOf(await third.call('GET', `/runs/${id}/events`));
    expect({ code, message }).toEqual({ code: 'run_not_found', message: expect.stringContaining('quarantine') });
    // It has run, so it is never run again.
    expect(refusalOf(await third.put(request, id)).code).toBe('run_conflict');
  }
});

const OWN_FILES = ['state.json', 'executor.json'];

test("an executor starts although a run damaged the executor's own files", async () => {
  const first = await startUnprivileged();
  await first.put(requestOf([{ write: 'kept\n' }]), 'kept');
  await first.readUntil('kept', isExit);
  await first.kill('SIGKILL');
  for (const name of OWN_FILES) await replace(join(first.state, name), null);
  const second = await startUnprivileged(first.state);
  expect(textOf(await second.readUntil('kept', isExit))).toBe('kept\n');
  await second.kill('SIGKILL');
  for (const name of [...OWN_FILES, 'runs', '.']) await chmod(join(first.state, name), 0);
  const third = await startUnprivileged(first.state);
  expect(textOf(await third.readUntil('kept', isExit))).toBe('kept\n');
});

async function lastSegment(run: string): Promise<string> {
  const [last = ''] = (await readdir(join(run, 'spool'))).sort().reverse();
  return join(run, 'spool', last);
}

/** Puts a file with a text, or a directory that is not empty, in the place of anything. */
async function replace(path: string, text: string | null): Promise<void> {
  await rm(path, { recursive: true });
  if (text !== null) return writeFile(path, text);
  await mkdir(path);
  await writeFile(join(path, 'inside'), 'x');
  if (process.getuid?.() === 0) await Promise.all([path, join(path, 'inside')].map((owned) => chown(owned, 1000, 1000)));
}
