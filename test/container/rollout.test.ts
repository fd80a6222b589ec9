import { spawnSync } from 'node:child_process';
import { beforeAll, expect, test, vi } from 'vitest';
import { PROTOCOL_VERSION } from '../../container/protocol.ts';
import { VERSION } from '../../src/version.ts';
import { type Box, IMAGE } from './helpers/engine.ts';
import { useSite } from './helpers/site.ts';

/** Images of other versions: the same executor, but for what it says of itself. */
const OLDER = { tag: `${IMAGE}-older`, version: '0.0.1', protocol: PROTOCOL_VERSION - 1 };
const NEWER = { tag: `${IMAGE}-newer`, version: '99.0.0', protocol: PROTOCOL_VERSION + 1 };
const FOREIGN = { tag: `${IMAGE}-foreign`, version: '99.1.0', protocol: PROTOCOL_VERSION + 2 };

function build({ tag, version, protocol }: typeof OLDER) {
  const dockerfile = [
    `FROM ${IMAGE}`,
    'USER root',
    `RUN sed -i 's/"version": "[^"]*"/"version": "${version}"/' container/package.json`,
    `RUN sed -i 's/PROTOCOL_VERSION = .*/PROTOCOL_VERSION = ${protocol};/' container/protocol.ts`,
    'USER node',
  ];
  const argv = ['build', '--quiet', '--tag', tag, '-'];
  const options = { input: dockerfile.join('\n'), encoding: 'utf8' } as const;
  const { status, stderr } = spawnSync(process.env.WRANGLER_DOCKER_BIN ?? 'docker', argv, options);
  if (status !== 0) throw new Error(`${tag} could not be built: ${stderr}`);
}

// Before there is a gateway: its client would not notice meanwhile that a connection was closed.
beforeAll(() => [OLDER, NEWER, FOREIGN].forEach(build));

const { ask, startUntil, ended, boxes, onlyBox, rollOut } = useSite();

/** The version of the executor in a container. */
const versionIn = ({ run }: Box) => run('node', '-p', 'require("/app/container/package.json").version');

/** The container in which a job of a workspace just ran. */
async function boxAfterJob(workspace: string, prompt = 'hi'): Promise<Box> {
  expect(await ask('grok', { workspace, prompt, forceRefresh: true })).toMatchObject({ ok: true });
  const [box] = boxes();
  if (!box) throw new Error('no container runs');
  return box;
}

/** Wakes the workspace's container by one job after another, until one ran in another container. */
const boxAfter = (old: Box, workspace: string): Promise<Box> =>
  vi.waitFor(
    async () => {
      const box = await boxAfterJob(workspace);
      expect(box.id).not.toBe(old.id);
      return box;
    },
    { timeout: 60_000, interval: 100 },
  );

test('a container of an older version ends its jobs, speaks one protocol version down, and is replaced when it is idle', async () => {
  rollOut(OLDER.tag);
  const first = await startUntil('grok', { prompt: '[mock:slow 8]' }, 'text');
  const old = onlyBox();
  expect(versionIn(old)).toBe(OLDER.version);
  rollOut(IMAGE);
  // A wake while a run goes on: both jobs end where the first one began.
  expect((await boxAfterJob('default', 'meanwhile')).id).toBe(old.id);
  expect(await ended(first)).toMatchObject({ state: 'completed' });
  const box = await boxAfter(old, 'default');
  expect(versionIn(box)).toBe(VERSION);
  expect(onlyBox().id).toBe(box.id);
});

test('where the new image comes later than the Worker, a container is replaced once and not at every wake', async () => {
  rollOut(OLDER.tag);
  const first = await boxAfterJob('late');
  const second = await boxAfter(first, 'late');
  expect(versionIn(second)).toBe(OLDER.version);
  expect((await boxAfterJob('late')).id).toBe(second.id);
  expect((await boxAfterJob('late')).id).toBe(second.id);
});

test('the executor may be one protocol version ahead of the Worker; two are refused by name', async () => {
  rollOut(NEWER.tag);
  expect(versionIn(await boxAfterJob('newer'))).toBe(NEWER.version);
  rollOut(FOREIGN.tag);
  expect((await ask('grok', { workspace: 'foreign', prompt: 'hi' })).error).toMatchObject({
    code: 'protocol_mismatch',
    message: expect.stringMatching(`protocol ${PROTOCOL_VERSION}, this executor ${FOREIGN.protocol}`),
  });
});
