import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, test, vi } from 'vitest';
import { docker } from '../../scripts/local/docker.ts';
import { askDoctor } from '../helpers/doctor.ts';
import { PROBE, probed } from './helpers/probe.ts';
import { filesWith, MARK, PLANTED, processesWith, readEverything, secrets } from './helpers/secrets.ts';
import { useSite } from './helpers/site.ts';

const { state, call, ask, startUntil, ended, gateway, boxes, onlyBox } = useSite();

const providers = ['claude', 'grok'] as const;
const HELLO = 'Hello from the mock model.';
const ANYTHING = { permissionMode: 'bypassPermissions' } as const;

const running = () => onlyBox().run('sh', '-c', 'cat /proc/[0-9]*/comm')?.split('\n') ?? [];

test.each(providers)('%s answers through job, runner, container, gate and model, and reports its cost', async (provider) => {
  const { ok, answer, job } = await ask(provider, { prompt: 'hello' });
  expect({ ok, text: answer?.text }).toEqual({ ok: true, text: HELLO });
  expect(job).toMatchObject({ state: 'completed', usage: { costUsd: expect.any(Number) } });
});

test.each(providers)('%s uses a tool and resumes its session', async (provider) => {
  const first = await ask(provider, { ...ANYTHING, prompt: '[mock:tool id -u]' });
  expect(first.answer?.text).toMatch(/^Tool said: .*\b\d{7,}/s);
  const second = await ask(provider, { prompt: '[mock:echo]', sessionId: first.job?.sessionId });
  expect(JSON.parse(second.answer?.text ?? '{}').messages).toBeGreaterThan(2);
});

test.each(providers)('a cancel ends %s and keeps its output', async (provider) => {
  const jobId = await startUntil(provider, { prompt: '[mock:slow 60]' }, 'text');
  expect(running()).toContain(provider);
  await call('llm_job_cancel', { jobId });
  expect(await ended(jobId)).toMatchObject({ state: 'canceled', reason: 'cancel' });
  expect((await call('llm_job_result', { jobId, raw: 'stdout' })).answer?.text).toContain('tok1');
  expect(running()).not.toContain(provider);
});

test.each(providers)('a process that %s leaves behind in its own process session ends with the run', async (provider) => {
  const prompt = '[mock:tool setsid --fork sleep 4242 >/dev/null 2>&1; echo left one]';
  expect((await ask(provider, { ...ANYTHING, prompt })).answer?.text).toContain('left one');
  expect(running()).not.toContain('sleep');
});

test('a run that prints its environment, reads every file and tries the network shows no key and reaches nothing', async () => {
  const { answer } = await ask('claude', { ...ANYTHING, prompt: `[mock:tool ${PROBE}]` });
  const { readable, reached } = probed(answer?.text ?? '');
  expect(readable, answer?.text).toBeGreaterThan(100);
  expect(reached).toEqual({
    'http://example.com/': 'closed',
    'https://example.com/': 'closed',
    'http://1.1.1.1/': 'closed',
    'https://1.1.1.1/': 'closed',
    'http://172.17.0.1:22/': 'closed',
    'http://gate.internal/': '403',
    'http://gate.internal/mcp': '403',
    'http://gate.internal/gate/claude/v1/files': '403',
    'http://gate.internal/gate/claude/v1/messages/count_tokens': '200',
    'http://gate.internal/gate/claude//evil.example/v1/messages': '403',
  });
});

test('two workspaces have two isolated containers, and a session stays in its workspace', async () => {
  const write = '[mock:tool echo of-alpha > note.txt; hostname -i]';
  const alpha = await ask('grok', { ...ANYTHING, workspace: 'alpha', prompt: write });
  const [address = ''] = /\d+\.\d+\.\d+\.\d+/.exec(alpha.answer?.text ?? '') ?? [];
  expect(address).not.toBe('');
  const look = `[mock:tool find / -name note.txt 2>/dev/null; node -e 'fetch("http://${address}:8080/health").then(() => console.log("reached"), () => console.log("closed"))']`;
  const beta = await ask('grok', { ...ANYTHING, workspace: 'beta', prompt: look });
  expect(beta.answer?.text).toMatch(/^Tool said:.*\bclosed/s);
  const again = await ask('grok', { ...ANYTHING, workspace: 'alpha', prompt: '[mock:tool cat note.txt]' });
  expect(again.answer?.text).toContain('of-alpha');
  const sessionId = alpha.job?.sessionId;
  const resumed = await ask('grok', { ...ANYTHING, sessionId, prompt: '[mock:tool cat note.txt]' });
  expect(resumed.job).toMatchObject({ state: 'completed', sessionId, workspace: 'alpha' });
  expect(resumed.answer?.text).toContain('of-alpha');
});

test('a run that exceeds its budget ends with that error and reports its cost', async () => {
  const { error, job } = await ask('grok', { ...ANYTHING, prompt: '[mock:loop sleep 1]', maxBudgetUsd: 0.01 });
  expect(error).toMatchObject({ code: 'budget_exceeded', message: expect.stringContaining('0.01 USD') });
  expect(job?.usage?.costUsd).toBeGreaterThan(0.01);
});

test('the search for keys finds files of a run, and the environment and command line of a process', async () => {
  await ask('grok', { ...ANYTHING, prompt: `[mock:tool echo ${PLANTED} > planted.txt]` });
  const found = await Promise.all(boxes().map(async (box) => ({ box, places: await box.holding(PLANTED) })));
  const [hit, ...more] = found.filter(({ places }) => places.length > 0);
  if (!hit || more.length > 0) throw new Error(`one container was expected to hold it, of ${found.length}`);
  expect(hit.places).toContainEqual(expect.stringMatching(/^\/state\/.*planted\.txt$/));
  docker('exec', '--detach', '--env', `HELD=${PLANTED}`, hit.box.id, 'node', '-e', 'setInterval(() => {}, 60_000)', PLANTED);
  const anywhere = [expect.stringMatching(/^\/proc\/\d+\/environ$/), expect.stringMatching(/^\/proc\/\d+\/cmdline$/)];
  await vi.waitFor(async () => expect(await hit.box.holding(PLANTED)).toEqual(expect.arrayContaining(anywhere)), 20_000);
});

test('no container has a key in a file, a process, its settings or its log', async () => {
  expect(boxes().length).toBeGreaterThan(1);
  for (const { id, holding } of boxes()) {
    expect(await holding(MARK)).toEqual([]);
    const told = `${docker('inspect', id)} ${docker('logs', id)}`;
    expect(told).toContain('EXECUTOR_TOKEN=');
    expect(told).toContain('"listening"');
    expect(told).not.toContain(MARK);
  }
});

test('the model service receives the keys, and no other process or file of the gateway has them', async () => {
  const log = readFileSync(join(state, 'logs/model-server.log'), 'utf8');
  const shown = await (await fetch(new URL('/__mock/requests', /http:[^"]+/.exec(log)?.[0]))).text();
  expect(shown).toContain(secrets().ANTHROPIC_API_KEY);
  expect(shown).toContain(secrets().XAI_API_KEY);
  expect(processesWith('model-server/main.ts')).not.toEqual([]);
  expect(processesWith(MARK)).toEqual([]);
  // Logs, and what Durable Objects, KV and R2 keep on disk.
  const files = filesWith(state, HELLO).map((file) => relative(state, file));
  expect(files).toContainEqual(expect.stringMatching(/^worker\/.*sqlite/));
  expect(filesWith(state, MARK)).toEqual([]);
});

test('no answer of the gateway contains a key: jobs, events, output, health and the doctor', async () => {
  const { url, settings } = gateway();
  const jobs = await readEverything(call);
  expect(jobs).toContain(HELLO);
  expect(jobs).toContain(PLANTED);
  expect(jobs).not.toContain(MARK);
  const health = JSON.stringify(await call('llm_process_health', {}));
  const headers = { authorization: `Bearer ${settings.token}` };
  const deep = await (await fetch(new URL('/health?deep=1', url), { headers })).text();
  expect(deep).toContain('key of claude');
  const { all, says } = await askDoctor(url, settings.token);
  expect(says).toMatchObject({
    docker: expect.stringMatching(/^ok: /),
    'key of grok': expect.stringMatching(/^note: .*bundled endpoint/),
  });
  expect(health + deep + all).not.toContain(MARK);
});
