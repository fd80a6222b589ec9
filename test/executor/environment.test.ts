import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { gitEnvironment } from '../../container/state/git-config.ts';
import { requestOf, startExecutor, textOf } from './executor.ts';

test('a CLI’s environment consists of the allow-list and its provider’s variables', async () => {
  const executor = await startExecutor({
    SECRET_OF_THE_EXECUTOR: 'x',
    NODE_NO_WARNINGS: '1',
    SSL_CERT_FILE: '/certificates.pem',
  });
  const request = requestOf([{ tell: 'env' }, { tell: 'cwd' }], { account: 'acme' });
  const sessionId = 'id' in request.session ? request.session.id : '';
  const { id } = await executor.put(request, 'run-1');
  const [env, cwd] = textOf(await executor.readUntil(id, ({ kind }) => kind === 'exit')).split('\n');
  const session = join(executor.state, 'accounts/acme/sessions/scripted', sessionId);
  expect(JSON.parse(env ?? '')).toEqual({
    PATH: process.env.PATH,
    HOME: join(session, 'home'),
    TMPDIR: join(executor.state, 'runs/run-1/tmp'),
    LANG: 'C.UTF-8',
    PWD: join(session, 'work'),
    SSL_CERT_FILE: '/certificates.pem',
    SCRIPT_SESSION: sessionId,
    ...gitEnvironment,
  });
  expect(JSON.parse(cwd ?? '')).toBe(join(session, 'work'));
});

test('a CLI finds the files of its command, and their directory is removed after the run', async () => {
  const executor = await startExecutor();
  const path = join(executor.state, 'runs/run-1/tmp/settings/note.txt');
  const { id } = await executor.put(requestOf([{ read: path }], { options: { note: 'hello' } }), 'run-1');
  expect(textOf(await executor.readUntil(id, ({ kind }) => kind === 'exit'))).toBe('hello');
  expect((await readdir(join(executor.state, 'runs/run-1'))).sort()).toEqual(['run.json', 'spool']);
});
