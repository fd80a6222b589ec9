import { randomUUID } from 'node:crypto';
import { chown, mkdir, readdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import {
  environmentOf,
  requestOf,
  spawnExecutor,
  startExecutor,
  startExecutorHere,
  TOKEN,
  temporaryDirectory,
  textOf,
  usableKinds,
} from './executor.ts';

const PROJECT = resolve(import.meta.dirname, '../..');
const SECRET = 'what-no-run-may-read';
const SYSTEM = ['proc', 'usr', 'bin', 'sbin', 'lib', 'lib64'].map((name) => `--exclude-dir=${name}`).join(' ');

const isRoot = process.getuid?.() === 0;
/** Confinement works for root and for any other user. Only root can try both. */
const USERS = isRoot ? [{}, { uid: 1000, gid: 1000 }] : [{}];
const kinds = await usableKinds(['bwrap', 'unshare']);
const CASES = kinds.flatMap((kind) => USERS.map((user) => ({ kind, user, as: 'uid' in user ? 'a user' : 'this user' })));

/** Starts an executor beside whose runs are a secret of the owner, a workspace and a session of others. */
async function startBeside(kind: string, user: { uid?: number; gid?: number }) {
  const state = await temporaryDirectory();
  const planted = ['gateway-token', 'accounts/acme/workspaces/other/note', 'accounts/acme/sessions/scripted/other/home/note'];
  for (const path of [...planted, 'runs/other/run.json']) {
    await mkdir(join(state, path, '..'), { recursive: true });
    await writeFile(join(state, path), SECRET);
  }
  if (user.uid !== undefined) await chownAll(state, user.uid);
  return { executor: await startExecutor({ EXECUTOR_STATE: state, EXECUTOR_CONTAINMENT: kind }, user), state };
}

async function chownAll(directory: string, uid: number): Promise<void> {
  for (const path of ['', ...(await readdir(directory, { recursive: true }))]) await chown(join(directory, path), uid, uid);
}

test.for(CASES)(
  'a run in $kind of $as sees its own directories, and nothing else of the gateway or the home',
  async ({ kind, user }) => {
    const { executor, state } = await startBeside(kind, user);
    const session = randomUUID();
    const request = requestOf([{ shell: `grep -rls ${SECRET} / ${SYSTEM}; find ${state} -mindepth 1` }], {
      session: { mode: 'new', id: session },
      workspace: 'mine',
    });
    const { id } = await executor.put(request, 'run-1');
    const seen = textOf(await executor.readUntil(id, ({ kind }) => kind === 'exit'))
      .trim()
      .split('\n');
    const kept = `accounts/acme/sessions/scripted/${session}`;
    const own = [`${kept}/home`, `${kept}/conversation`, 'accounts/acme/workspaces/mine', 'runs/run-1/tmp'];
    const above = own.flatMap((path) => path.split('/').map((_, index, names) => names.slice(0, index + 1).join('/')));
    const files = ['runs/run-1/tmp/settings', 'runs/run-1/tmp/settings/note.txt'];
    expect(seen.sort()).toEqual([...new Set([...above, ...files])].map((path) => join(state, path)).sort());
  },
);

/** Commands that print something only if a run gets out, with what they attack. */
const ESCAPES = [
  { attacks: 'the project', command: `ls ${PROJECT}/package.json` },
  { attacks: "the user's home", command: `ls -A ${userInfo().homedir}` },
  { attacks: 'files of the system that only root reads', command: 'cat /etc/shadow' },
  { attacks: 'the system', command: 'touch /usr/planted /etc/planted /planted && echo written' },
  { attacks: 'settings of the kernel', command: '(echo core > /proc/sys/kernel/core_pattern) && echo written' },
  { attacks: 'the environment of process 1', command: "tr '\\0' '\\n' < /proc/1/environ" },
  { attacks: 'processes of others', command: 'ls -d /proc/[0-9]* | sed -n "20,$ p"' },
  { attacks: 'mounts', command: 'umount /proc && echo unmounted; mount -o remount,rw /usr && echo remounted' },
  {
    attacks: 'mounts in a namespace of its own',
    command: 'unshare -Urm sh -c "umount /etc/shadow && umount /proc" && echo unmounted',
  },
  { attacks: 'capabilities', command: "grep -E 'Cap(Eff|Prm|Inh|Amb)' /proc/self/status | grep -v 0000000000000000" },
  { attacks: 'file descriptors of the wrapper', command: 'readlink /proc/$$/fd/3' },
];

test.for(CASES)('a run in $kind of $as gets at nothing outside by commands', async ({ kind, user }) => {
  const { executor } = await startBeside(kind, user);
  const script = ESCAPES.map(({ attacks, command }) => `echo "${attacks}:"; { ${command}; } 2>/dev/null`).join('\n');
  const said = textOf(await executor.play(requestOf([{ shell: script }])));
  expect(said).toBe(ESCAPES.map(({ attacks }) => `${attacks}:\n`).join(''));
  const environments = textOf(await executor.play(requestOf([{ environments: true }])));
  expect(environments).toContain('LANG=C.UTF-8');
  expect(environments).not.toContain(TOKEN);
});

test.for(kinds)('a run in %s may read what EXECUTOR_READABLE_PATHS names, and not change it', async (kind) => {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, 'tool'), 'a tool');
  const paths = [environmentOf('').EXECUTOR_READABLE_PATHS, directory].join(',');
  const executor = await startExecutorHere({ EXECUTOR_CONTAINMENT: kind, EXECUTOR_READABLE_PATHS: paths });
  const command = `cat ${directory}/tool; touch ${directory}/planted || echo ' stays'`;
  expect(textOf(await executor.play(requestOf([{ shell: command }])))).toBe('a tool stays\n');
});

test('an executor reports how it confines runs, the first of the wanted ways that works', async () => {
  const [first = 'none'] = kinds;
  const executor = await startExecutorHere();
  expect(JSON.parse((await executor.call('GET', '/health')).text).containment).toBe(first);
  const open = await startExecutorHere({ EXECUTOR_CONTAINMENT: 'none' });
  expect(JSON.parse((await open.call('GET', '/health')).text).containment).toBe('none');
});

test('an executor does not start if no wanted confinement works', async () => {
  const bin = await temporaryDirectory();
  const env = { ...environmentOf(await temporaryDirectory()), PATH: bin, EXECUTOR_CONTAINMENT: 'bwrap' };
  const { ended, stderr } = spawnExecutor(env);
  expect((await ended)[0]).toBe(1);
  expect(await stderr).toMatch(
    /^The executor cannot start\. Runs cannot be confined by bwrap on this machine\. Install bubblewrap, .*$/m,
  );
});
