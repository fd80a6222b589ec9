import { hostname } from 'node:os';
import { afterAll, expect, test, vi } from 'vitest';
import { docker } from '../../scripts/local/docker.ts';
import { openOutside } from './helpers/outside.ts';
import { reachedIn, tryUrls } from './helpers/probe.ts';
import { useSite } from './helpers/site.ts';

const IDLE_MS = 4_000;
/** Longest time until a job is orphaned after its container stopped. */
const ORPHANED_MAX_MS = 15_000;

const outside = await openOutside();
afterAll(() => outside?.close());

const { call, ask, startUntil, ended, boxes, onlyBox } = useSite(() => ({
  CONTAINER_IDLE_MS: String(IDLE_MS),
  EGRESS_ALLOW: `allowed.example, *.deep.example, ${hostname()}`,
}));

/** Runs a command in a run and returns its output. */
async function said(command: string): Promise<string> {
  const { answer } = await ask('grok', { permissionMode: 'bypassPermissions', prompt: `[mock:tool ${command}]` });
  return answer?.text ?? '';
}

/** Requests URLs in a run and returns how each one answered. */
const reach = async (urls: string[]) => reachedIn(await said(tryUrls(urls)));

const gone = { timeout: 30_000, interval: 200 };
const untilNone = () => vi.waitFor(() => expect(boxes()).toEqual([]), gone);

test.each([
  { how: 'stopped', args: ['stop'], message: /executor|container/, reason: /^(shutdown|executor_lost)$/ },
  { how: 'killed', args: ['kill'], message: /exit code 137/, reason: /^executor_lost$/ },
])(
  'a job whose container is $how in mid-run is orphaned within 15 s, and no container starts again',
  async ({ args, message, reason }) => {
    const jobId = await startUntil('claude', { prompt: '[mock:slow 60]', forceRefresh: true }, 'text');
    const { id } = onlyBox();
    const began = Date.now();
    docker(...args, id);
    const job = await ended(jobId);
    expect(Date.now() - began).toBeLessThan(ORPHANED_MAX_MS);
    expect(job).toMatchObject({ state: 'orphaned', reason: expect.stringMatching(reason) });
    expect(job.error?.message).toMatch(message);
    await untilNone();
    expect((await call('llm_job_result', { jobId, raw: 'stdout' })).answer?.text).toContain('tok1');
    expect((await call('llm_process_health', {})).health?.executor).toMatchObject({ reachable: false, code: 'shutting_down' });
    expect(boxes()).toEqual([]);
  },
);

test('concurrent jobs after that share one new container', async () => {
  const asked = ['claude', 'grok', 'claude', 'grok'].map((provider, i) => ask(provider, { prompt: `[mock:text number ${i}]` }));
  const found = await Promise.all(asked);
  expect(found.map(({ answer }) => answer?.text)).toEqual(['number 0', 'number 1', 'number 2', 'number 3']);
  onlyBox();
});

test('a container stays while a job runs, stops when it is idle, and is started again by the next job', async () => {
  const seconds = (2 * IDLE_MS) / 1_000;
  const { answer } = await ask('claude', { prompt: `[mock:slow ${seconds}]` });
  expect(answer?.text).toMatch(/tok40 $/);
  const { id } = onlyBox();
  await untilNone();
  expect((await ask('claude', { prompt: 'awake' })).ok).toBe(true);
  expect(onlyBox().id).not.toBe(id);
});

test('with an allow-list the gate still works, and unlisted hosts stay closed', async () => {
  expect(await reach(['http://example.com/', 'https://example.com/', 'https://1.1.1.1/', 'http://gate.internal/'])).toEqual({
    'http://example.com/': '520',
    'https://example.com/': 'closed',
    'https://1.1.1.1/': 'closed',
    'http://gate.internal/': '403',
  });
});

test('a * of the allow-list matches sub-domains, but neither the domain itself nor one with the same ending', async () => {
  const unlisted = ['http://deep.example/', 'http://nodeep.example/', 'http://a.deep.example.com/'];
  const listed = ['http://a.deep.example/', 'http://a.b.deep.example/', 'http://allowed.example/'];
  const found = await reach([...unlisted, ...listed]);
  expect(unlisted.map((url) => found[url])).toEqual(['520', '520', '520']);
  // The gate forwards these requests, but no host has such a name.
  expect(listed.map((url) => found[url])).toEqual(['500', '500', '500']);
});

test.skipIf(!outside)('a run reaches a listed host by HTTP, with the name of that host', async () => {
  const { url = '', seen = [] } = outside ?? {};
  expect(await reach([url])).toEqual({ [url]: '200' });
  expect(seen).toEqual([new URL(url).host]);
});

test('with an allow-list a run receives the certificate that it needs for HTTPS', async () => {
  const certificate = '/etc/cloudflare/certs/cloudflare-containers-ca.crt';
  expect(await said('echo $NODE_EXTRA_CA_CERTS $SSL_CERT_FILE $GIT_SSL_CAINFO')).toContain(
    `${certificate} ${certificate} ${certificate}`,
  );
});
