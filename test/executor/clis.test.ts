import { execFile } from 'node:child_process';
import { chmod, readdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { findClis } from '../../container/clis.ts';
import { claude } from '../../container/providers/claude/claude.ts';
import { providers } from '../../container/providers/index.ts';
import { absent } from '../fixtures/scripted-provider.ts';
import { temporaryDirectory } from './executor.ts';

async function program(text: string, mode = 0o755): Promise<string> {
  const path = join(await temporaryDirectory(), 'cli');
  await writeFile(path, text);
  await chmod(path, mode);
  return path;
}

test('the CLIs come from the npm packages of this platform, also for several executors that start at once', async () => {
  const starters = await Promise.all([temporaryDirectory(), temporaryDirectory()]);
  const [one, two] = await Promise.all(starters.map((state) => findClis(Object.values(providers), {}, state)));
  expect(one).toEqual(two);
  for (const cli of Object.values(one ?? {})) {
    const { stdout } = await promisify(execFile)(cli.binary, ['--version'], { env: { HOME: starters[0] } });
    expect(stdout).toContain(cli.version);
  }
  expect(one).toMatchObject({ claude: { version: '2.1.330' }, grok: { version: '1.0.41' } });
});

test('the CLIs are found where the configuration says', async () => {
  const binary = await program('#!/bin/sh\necho "my cli, version 4.5.6-beta (abc)"');
  const state = await temporaryDirectory();
  expect(await findClis([claude], { binaries: { claude: binary } }, state)).toEqual({
    claude: { binary, version: '4.5.6-beta' },
  });
  expect(await readdir(state)).toEqual([]);
});

test('the CLIs are found in a directory that holds them by their ids', async () => {
  const binary = await program('#!/bin/sh\necho 7.8.9');
  const directory = dirname(binary);
  await rename(binary, join(directory, 'claude'));
  const found = await findClis([claude], { cliDirectory: directory }, await temporaryDirectory());
  expect(found).toEqual({ claude: { binary: join(directory, 'claude'), version: '7.8.9' } });
});

test.for([
  { title: 'has no package', binary: undefined },
  { title: 'is not executable', binary: () => program('', 0o644) },
  { title: 'does not run', binary: () => program('#!/bin/sh\nexit 3') },
])('a CLI is left out if it $title', async ({ binary }) => {
  const binaries = new Map(binary ? [[absent.id, await binary()]] : []);
  expect(await findClis([absent], { binaries: Object.fromEntries(binaries) }, await temporaryDirectory())).toEqual({});
});
