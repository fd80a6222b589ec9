import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { isExit, refusalOf, requestOf, startExecutor, textOf, WITH_BOUND } from './executor.ts';

let executor: Awaited<ReturnType<typeof startExecutor>>;
beforeAll(async () => {
  executor = await startExecutor(WITH_BOUND);
});

/** A request to the CLI that keeps conversations. */
const talk: typeof requestOf = (steps, changes) => requestOf(steps, { provider: 'bound', ...changes });

/** What a run leaves in its HOME and conversation, as commands of its shell, for a later run to read or execute. */
const PLANTS = [
  { what: 'a start file of the shell', command: 'echo planted > $HOME/.bashrc' },
  { what: 'settings of the CLI', command: 'mkdir $HOME/.grok && echo planted > $HOME/.grok/config.toml' },
  { what: 'a file beside the conversation', command: 'echo planted > $HOME/.bound/settings.json' },
  { what: 'a file of another kind in the conversation', command: 'echo planted > $HOME/.bound/*/*/hook' },
  { what: 'a link in the conversation', command: 'ln -s /etc/passwd $HOME/.bound/*/link' },
  {
    what: 'a second name of the conversation',
    command: 'for f in $HOME/.bound/*/*/log; do ln $f $f.second; done',
    lost: true,
  },
  {
    what: 'a link in place of the conversation',
    command: 'for f in $HOME/.bound/*/*/log; do ln -sf /etc/passwd $f; done',
    lost: true,
  },
  { what: 'a pipe in the conversation', command: 'mkfifo $HOME/.bound/pipe' },
  { what: 'a HOME without write permission', command: 'mkdir $HOME/a && chmod 0 $HOME/a $HOME' },
];

test.for(PLANTS)('$what that a run leaves is gone in the next run of the session', async ({ command, lost }) => {
  const session = { mode: 'new' as const, id: randomUUID() };
  await executor.play(talk([{ converse: 'kept' }, { shell: command }], { session }));
  const look = { shell: 'cd $HOME && find . .bound/ -mindepth 1 ! -type d | sort; cat .bound/*/*/log' };
  const reply = await executor.put(talk([look], { session: { mode: 'resume', id: session.id } }));
  if (lost) return expect(refusalOf(reply).code).toBe('session_not_found');
  const cwd = join(executor.state, 'accounts/acme/sessions/bound', session.id, 'work').replaceAll('/', '-');
  expect(textOf(await executor.readUntil(reply.id, isExit))).toBe(`./.bound\n.bound/${cwd}/${session.id}/log\nkept`);
});
