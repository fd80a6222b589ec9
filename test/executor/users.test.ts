import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { exitOf, isExit, isRunning, requestOf, startExecutor, strayTag, textOf, usableKinds, WITH_BOUND } from './executor.ts';

type Executor = Awaited<ReturnType<typeof startExecutor>>;

const isUsable = (await usableKinds(['uid'])).length > 0;
let executor: Executor;
beforeAll(async () => {
  if (isUsable) executor = await startExecutor({ ...WITH_BOUND, EXECUTOR_CONTAINMENT: 'uid' });
});

const SECRET = 'what-no-other-run-may-read';
const PRIVATE = { mode: 0o600 } as const;

/** Starts a run that stays, in a workspace of its own, and returns paths of its files and its process. */
async function neighbor(account: string) {
  const steps = [
    {
      shell: `echo ${SECRET} > note; echo ${SECRET} > $HOME/note; echo ${SECRET} > $TMPDIR/note; pwd; echo $HOME; echo $TMPDIR; echo $PPID`,
    },
    { stay: true },
  ];
  const { id } = await executor.put(requestOf(steps, { account, workspace: 'theirs' }));
  const events = await executor.readUntil(id, ({ line }) => /^\d+$/.test(line?.text ?? ''));
  const [work = '', home = '', tmp = '', pid = ''] = textOf(events).split('\n');
  return { id, work, home, tmp, pid };
}

const look = async (command: string, account = 'acme') =>
  textOf(await executor.play(requestOf([{ shell: `{ ${command}; } 2>/dev/null` }], { account, workspace: 'mine' })));

test.skipIf(!isUsable)(
  'a run of another user reads neither the files nor the process of a run, also by known paths',
  async () => {
    for (const account of ['acme', 'other']) {
      const { id, work, home, tmp, pid } = await neighbor(account);
      const paths = [work, home, tmp].map((path) => `${path}/note`).join(' ');
      expect(
        await look(
          `cat ${paths}; cat /proc/${pid}/environ; head -c 1 /proc/${pid}/mem; ls ${work} ${home} ${tmp}; kill ${pid} && echo killed`,
        ),
      ).toBe('');
      await executor.call('DELETE', `/runs/${id}`);
      await executor.readUntil(id, isExit);
    }
  },
);

test.skipIf(!isUsable)(
  'a run of another user reads nothing of the executor: files, environment, memory, names of others',
  async () => {
    await writeFile(join(executor.state, 'secret'), SECRET, PRIVATE);
    await mkdir(join(executor.state, 'accounts/acme/workspaces/theirs'), { recursive: true, mode: 0o700 });
    const names = ['', 'runs', 'accounts', 'accounts/acme', 'accounts/acme/workspaces', 'accounts/acme/sessions/scripted'];
    const listed = names.map((name) => join(executor.state, name)).join(' ');
    const { pid } = executor;
    const files = ['secret', 'executor.json', 'state.json'].map((name) => join(executor.state, name)).join(' ');
    expect(
      await look(
        `cat ${files} /etc/shadow; ls ${listed} | grep -v :; cat /proc/${pid}/environ; head -c 1 /proc/${pid}/mem; kill ${pid} && echo killed`,
      ),
    ).toBe('');
    expect(
      await look(
        "grep -E 'Cap(Eff|Prm|Inh|Amb|Bnd)' /proc/self/status | grep -v 0000000000000000; su -c id; unshare -m true && echo mounted",
      ),
    ).toBe('');
  },
);

test.skipIf(!isUsable)(
  'a workspace keeps its user, and a conversation gets the user of the workspace that it moves to',
  async () => {
    const id = async (workspace: string, session: Parameters<typeof requestOf>[1]) =>
      Number(
        textOf(
          await executor.play(requestOf([{ shell: 'id -u' }, { converse: 'x' }], { provider: 'bound', workspace, ...session })),
        ),
      );
    const session = { mode: 'new' as const, id: crypto.randomUUID() };
    const again = { session: { mode: 'resume' as const, id: session.id } };
    const first = await id('one', { session });
    expect(first).toBeGreaterThan(1_000_000);
    expect(await id('one', again)).toBe(first);
    const second = await id('two', again);
    expect(second).not.toBe(first);
    const directory = join(executor.state, 'accounts/acme/sessions/bound', session.id);
    expect(await stat(directory)).toMatchObject({ uid: process.getuid?.() });
    // At rest nobody else passes, also not another run of the same user.
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect((await stat(join(executor.state, 'accounts/acme/workspaces/two'))).mode & 0o777).toBe(0o700);
  },
);

test.skipIf(!isUsable)(
  'a process that hides from its run is ended with it: new session, other limits, no environment',
  async () => {
    const tag = strayTag();
    const hidden = `setsid prlimit --msgqueue=0:0 -- env -i bash -c '(while :; do sleep ${tag}; done) & exec sleep ${tag}' >/dev/null 2>&1 &`;
    const { id } = await executor.put(
      requestOf([{ shell: hidden }, { shell: `until pgrep -f 'sleep ${tag}'; do :; done` }, { stay: true }]),
    );
    await executor.readUntil(id, ({ line }) => line !== undefined);
    expect(isRunning(tag)).toBe(true);
    await executor.call('DELETE', `/runs/${id}`);
    expect(exitOf(await executor.readUntil(id, isExit)).cause).toBe('cancel');
    expect(isRunning(tag)).toBe(false);
  },
);

test.skipIf(!isUsable)('a process that forks as fast as it can is ended with its run', async () => {
  const tag = strayTag();
  const forking = `setsid env -i bash -c 'n=0; while [ $n -lt 3000 ]; do n=$((n+1)); (exec sleep ${tag}) & done' ${tag} >/dev/null 2>&1 &`;
  const { id } = await executor.put(requestOf([{ shell: forking }, { write: 'forking\n' }, { stay: true }]));
  await executor.readUntil(id, ({ line }) => line?.text === 'forking');
  await executor.call('DELETE', `/runs/${id}`);
  await executor.readUntil(id, isExit);
  expect(isRunning(tag)).toBe(false);
});
