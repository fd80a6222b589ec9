import { spawnSync } from 'node:child_process';
import { beforeAll, expect, test, vi } from 'vitest';
import { PROTOCOL_VERSION } from '../../container/protocol.ts';
import { VERSION } from '../../src/version.ts';
import { type Box, IMAGE } from './helpers/engine.ts';
import { useSite } from './helpers/site.ts';

/** Images of the same executor that report other versions. */
const OLDER = { tag: `${IMAGE}-older`, version: '0.0.1', protocol: PROTOCOL_VERSION - 1 };
const NEWER = { tag: `${IMAGE}-newer`, version: '99.0.0', protocol: PROTOCOL_VERSION + 1 };
const FOREIGN = { tag: `${IMAGE}-foreign`, version: '99.1.0', protocol: PROTOCOL_VERSION + 2 };

function build({ tag, version, protocol }: typeof OLDER) {
  const dockerfile = [
    `FROM ${IMAGE}`,
    `RUN sed -i 's/"version": "[^"]*"/"version": "${version}"/' container/package.json`,
    `RUN sed -i 's/PROTOCOL_VERSION = .*/PROTOCOL_VERSION = ${protocol};/' container/protocol.ts`,
  ];
  const argv = ['build', '--quiet', '--tag', tag, '-'];
  const options = { input: dockerfile.join('\n'), encoding: 'utf8' } as const;
  const { status, stderr } = spawnSync(process.env.WRANGLER_DOCKER_BIN ?? 'docker', argv, options);
  if (status !== 0) throw new Error(`${tag} could not be built: ${stderr}`);
}

// Built before the gateway starts, because its client would miss closed connections during the builds.
beforeAll(() => [OLDER, NEWER, FOREIGN].forEach(build));

const { ask, startUntil, ended, boxes, onlyBox, rollOut } = useSite();

/** The version of the executor in a container. */
const versionIn = ({ run }: Box) => run('node', '-p', 'require("/app/container/package.json").version');

/** Runs a job in a workspace and returns its container. */
async function boxAfterJob(workspace: string, prompt = 'hi'): Promise<Box> {
  expect(await ask('grok', { workspace, prompt, forceRefresh: true })).toMatchObject({ ok: true });
  const [box] = boxes();
  if (!box) throw new Error('no container runs');
  return box;
}

/** Runs jobs in a workspace until one runs in another container, and returns that. */
const boxAfter = (old: Box, workspace: string): Promise<Box> =>
  vi.waitFor(
    async () => {
      const box = await boxAfterJob(workspace);
      expect(box.id).not.toBe(old.id);
      return box;
    },
    { timeout: 60_000, interval: 100 },
  );

test('a container of an older version finishes its jobs with the previous protocol version, and is replaced when it is idle', async () => {
  rollOut(OLDER.tag);
  const first = await startUntil('grok', { prompt: '[mock:slow 8]' }, 'text');
  const old = onlyBox();
  expect(versionIn(old)).toBe(OLDER.version);
  rollOut(IMAGE);
  // A wake during a run: both jobs end in the container of the first one.
  expect((await boxAfterJob('default', 'meanwhile')).id).toBe(old.id);
  expect(await ended(first)).toMatchObject({ state: 'completed' });
  const box = await boxAfter(old, 'default');
  expect(versionIn(box)).toBe(VERSION);
  expect(onlyBox().id).toBe(box.id);
});

test('if the new image is deployed after the Worker, a container is replaced once, not at every wake', async () => {
  rollOut(OLDER.tag);
  const first = await boxAfterJob('late');
  const second = await boxAfter(first, 'late');
  expect(versionIn(second)).toBe(OLDER.version);
  expect((await boxAfterJob('late')).id).toBe(second.id);
  expect((await boxAfterJob('late')).id).toBe(second.id);
});

test('the executor may be one protocol version ahead of the Worker; two are refused with protocol_mismatch', async () => {
  rollOut(NEWER.tag);
  expect(versionIn(await boxAfterJob('newer'))).toBe(NEWER.version);
  rollOut(FOREIGN.tag);
  expect((await ask('grok', { workspace: 'foreign', prompt: 'hi' })).error).toMatchObject({
    code: 'protocol_mismatch',
    message: expect.stringMatching(`^The executor uses protocol ${FOREIGN.protocol}, the gateway uses ${PROTOCOL_VERSION}`),
  });
});
