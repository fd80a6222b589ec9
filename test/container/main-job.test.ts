import { expect, test } from 'vitest';
import { say } from '../../scripts/banner.ts';
import { docker } from '../../scripts/docker.ts';
import { boxes, onlyBox } from './engine.ts';
import { PROBE, probed } from './probe.ts';
import { filesWith, MARK, processesWith, secrets } from './secrets.ts';
import { useSite } from './site.ts';

const { state, call, ask, startUntil, ended, gateway } = useSite(secrets);

const providers = ['claude', 'grok'] as const;
const HELLO = 'Hello from the mock model.';
const ANYTHING = { permissionMode: 'bypassPermissions' } as const;

/** ms from a request to the first event of its run. */
async function firstEvent(): Promise<number> {
  const began = performance.now();
  await ended(await startUntil('claude', { prompt: 'hi', forceRefresh: true }, 'start'));
  return performance.now() - began;
}

const running = () => onlyBox().run('sh', '-c', 'cat /proc/[0-9]*/comm')?.split('\n') ?? [];

test('what it takes: size of the image, starts cold and warm, memory of an idle container', async () => {
  const coldMs = await firstEvent();
  const warmMs = await firstEvent();
  const { id, memory } = onlyBox();
  const bytes = Number(
    docker('image', 'inspect', '--format', '{{.Size}}', docker('inspect', '--format', '{{.Image}}', id) ?? ''),
  );
  say(`image ${Math.round(bytes / 1e6)} MB, cold ${Math.round(coldMs)} ms, warm ${Math.round(warmMs)} ms, idle ${memory()}`);
  expect(bytes).toBeLessThan(800e6);
});

test.each(providers)('%s answers through job, runner, container, gate and model, and says what it cost', async (provider) => {
  const { ok, answer, job } = await ask(provider, { prompt: 'hello' });
  expect({ ok, text: answer?.text }).toEqual({ ok: true, text: HELLO });
  expect(job).toMatchObject({ state: 'completed', usage: { costUsd: expect.any(Number) } });
});

test.each(providers)('%s uses a tool and goes on with its conversation', async (provider) => {
  const first = await ask(provider, { ...ANYTHING, prompt: '[mock:tool id -u]' });
  expect(first.answer?.text).toMatch(/^Tool said: .*1000/s);
  const second = await ask(provider, { prompt: '[mock:echo]', sessionId: first.job?.sessionId });
  expect(JSON.parse(second.answer?.text ?? '{}').messages).toBeGreaterThan(2);
});

test.each(providers)('a cancel ends %s, and keeps what it wrote', async (provider) => {
  const jobId = await startUntil(provider, { prompt: '[mock:slow 60]' }, 'text');
  expect(running()).toContain(provider);
  await call('llm_job_cancel', { jobId });
  expect(await ended(jobId)).toMatchObject({ state: 'canceled', reason: 'cancel' });
  expect((await call('llm_job_result', { jobId, raw: 'stdout' })).answer?.text).toContain('tok1');
  expect(running()).not.toContain(provider);
});

test.each(providers)('what %s leaves behind in a session of its own is gone with the run', async (provider) => {
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
  });
});

test('two workspaces are two containers that do not see each other', async () => {
  const write = '[mock:tool echo of-alpha > note.txt; hostname -i]';
  const alpha = await ask('claude', { ...ANYTHING, workspace: 'alpha', prompt: write });
  const [address = ''] = /\d+\.\d+\.\d+\.\d+/.exec(alpha.answer?.text ?? '') ?? [];
  expect(address).not.toBe('');
  const look = `[mock:tool find / -name note.txt 2>/dev/null; node -e 'fetch("http://${address}:8080/health").then(() => console.log("reached"), () => console.log("closed"))']`;
  const beta = await ask('claude', { ...ANYTHING, workspace: 'beta', prompt: look });
  expect(beta.answer?.text).toMatch(/^Tool said: closed/);
  const again = await ask('claude', { ...ANYTHING, workspace: 'alpha', prompt: '[mock:tool cat note.txt]' });
  expect(again.answer?.text).toContain('of-alpha');
});

test('a run that passes its budget is ended by name, and keeps what it wrote', async () => {
  const { error, job } = await ask('grok', { ...ANYTHING, prompt: '[mock:loop sleep 1]', maxBudgetUsd: 0.01 });
  expect(error).toMatchObject({ code: 'budget_exceeded', message: expect.stringContaining('0.01 USD') });
  expect(job?.usage?.costUsd).toBeGreaterThan(0.01);
});

test('after all that no key is anywhere outside the Worker, and the model service got them', async () => {
  const { jobs = [] } = await call('llm_job_list', { limit: 100 });
  expect(jobs.length).toBeGreaterThan(10);
  // Controls: the search finds what is there, and the keys did arrive where they belong.
  expect(filesWith(state, HELLO)).not.toEqual([]);
  const upstream = processesWith('model-server/main.ts');
  expect(upstream).not.toEqual([]);
  expect(filesWith(state, MARK)).toEqual([]);
  expect(processesWith(MARK)).toEqual([]);
  for (const { id, run } of boxes()) {
    expect(docker('inspect', id)).not.toContain(MARK);
    expect(docker('logs', id)).not.toContain(MARK);
    expect(run('sh', '-c', 'cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" "\\n"')).toContain(
      'EXECUTOR_TOKEN',
    );
    expect(docker('exec', '--user', '0', id, 'sh', '-c', `cat /proc/[0-9]*/environ | grep -ac '[m]${MARK.slice(1)}'; true`)).toBe(
      '0',
    );
    const found = docker(
      'exec',
      '--user',
      '0',
      id,
      'sh',
      '-c',
      `grep -rl '[m]${MARK.slice(1)}' /state /app /tmp /home /root /etc /var; true`,
    );
    expect(found).toBe('');
  }
  expect(gateway().settings.token).not.toContain(MARK);
});
