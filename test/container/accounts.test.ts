import { afterAll, beforeAll, expect, test } from 'vitest';
import { docker } from '../../scripts/local/docker.ts';
import { useFixtures } from '../helpers/fixture.ts';
import { connect, type McpClient } from '../helpers/mcp-client.ts';
import { claimIssuer, makeToken, openIdArguments, openIdSettings } from '../helpers/person.ts';
import type { Box } from './helpers/engine.ts';
import { jobsOf } from './helpers/jobs.ts';
import { reachedIn, tryUrls } from './helpers/probe.ts';
import { useSite } from './helpers/site.ts';

const { start } = useFixtures();
let issuer: string;

const owner = useSite(async () => {
  issuer = await claimIssuer();
  // Policies have their own tests.
  return { ...openIdSettings(issuer, 'alice@example.com'), DEFAULT_POLICY: 'open' };
});

let client: McpClient;
beforeAll(async () => {
  const { origin } = new URL(owner.gateway().url);
  await start('openid-provider.mjs', ...openIdArguments(issuer, origin));
  client = await connect(owner.gateway().url, await makeToken(origin, issuer, 'alice'));
});
afterAll(() => client?.close());
const alice = jobsOf((tool, args) => client.call(tool, args));

/** A workspace name that both accounts use. */
const SHARED = { workspace: 'shared', permissionMode: 'bypassPermissions' } as const;

/** Runs a command in the workspace and returns its output. */
async function runInWorkspace({ ask }: typeof alice, command: string): Promise<string> {
  const { answer, error } = await ask('grok', { ...SHARED, prompt: `[mock:tool ${command}]`, forceRefresh: true });
  if (!answer) throw new Error(JSON.stringify(error));
  return answer.text;
}

/** Writes a note in the workspace. Returns the address of its container. */
async function leaveNote(account: typeof alice, name: string): Promise<string> {
  const [address] = /\d+\.\d+\.\d+\.\d+/.exec(await runInWorkspace(account, `echo of-${name} > note.txt; hostname -i`)) ?? [];
  if (!address) throw new Error('the container reported no address');
  return address;
}

/** The text of all notes in a container. */
const notesIn = ({ run }: Box) => run('find', '/', '-xdev', '-name', 'note.txt', '-exec', 'cat', '{}', '+');

/** The port that a container's sidecar publishes on this machine. */
function publishedPort({ id }: Box): string {
  const name = docker('inspect', '--format', '{{.Name}}', id)?.slice(1);
  return /:(\d+)$/m.exec(docker('port', `${name}-proxy`) ?? '')?.[1] ?? '';
}

test('two accounts have two containers, and neither can see the files or reach the port of the other', async () => {
  const atHome = { owner: await leaveNote(owner, 'owner'), alice: await leaveNote(alice, 'alice') };
  const boxes = owner.boxes();
  expect(boxes).toHaveLength(2);
  expect(boxes.map(notesIn).toSorted()).toEqual(['of-alice', 'of-owner']);
  const ports = boxes.map(publishedPort);
  expect(ports).toEqual([expect.stringMatching(/^\d+$/), expect.stringMatching(/^\d+$/)]);
  for (const [account, own, other] of [
    [owner, atHome.owner, atHome.alice],
    [alice, atHome.alice, atHome.owner],
  ] as const) {
    const far = [`http://${other}:8080/health`, ...ports.map((port) => `http://172.17.0.1:${port}/health`)];
    const near = `http://${own}:8080/health`;
    const found = await runInWorkspace(account, `cat note.txt; ${tryUrls([near, ...far])}`);
    expect(found).toContain(account === owner ? 'of-owner' : 'of-alice');
    expect(reachedIn(found)).toEqual({ [near]: '401', ...Object.fromEntries(far.map((url) => [url, 'closed'])) });
  }
});

test('the containers of two accounts have different tokens', () => {
  const tokens = owner.boxes().map(({ run }) => run('sh', '-c', 'echo $EXECUTOR_TOKEN'));
  expect(tokens).toEqual([expect.stringMatching(/^\S{72}$/), expect.stringMatching(/^\S{72}$/)]);
  expect(new Set(tokens).size).toBe(2);
});

test('a running job of one account and its session are unknown to the other account', async () => {
  const jobId = await alice.startUntil('grok', { ...SHARED, prompt: '[mock:slow 60]' }, 'text');
  const { job } = await alice.call('llm_job_status', { jobId });
  expect(job?.state).toBe('running');
  for (const tool of ['llm_job_status', 'llm_job_watch', 'llm_job_result', 'llm_job_cancel', 'llm_job_delete'])
    expect(await owner.call(tool, { jobId }), tool).toMatchObject({ ok: false, error: { code: 'job_not_found' } });
  expect((await owner.call('llm_job_list', { limit: 100 })).jobs?.map(({ id }) => id)).not.toContain(jobId);
  const resumed = await owner.ask('grok', { ...SHARED, prompt: 'go on', sessionId: job?.sessionId });
  expect(resumed.error?.code).toBe('session_not_found');
  expect((await alice.call('llm_job_status', { jobId })).job?.state).toBe('running');
  await alice.call('llm_job_cancel', { jobId });
  expect(await alice.ended(jobId)).toMatchObject({ state: 'canceled' });
});
