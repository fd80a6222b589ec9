import { expect, test } from 'vitest';
import { useSharedGateway } from '../helpers/shared-gateway.ts';

const { call, collect, read, modelUrl } = useSharedGateway();

const providers = ['claude', 'grok'] as const;
const HELLO = 'Hello from the mock model.';

/** Calls a provider's tool that waits, with a deadline for a slow machine. */
const ask = (provider: string, args: Record<string, unknown>) => call(`${provider}_request`, { syncDeadlineMs: 90_000, ...args });

/** Waits until a job's CLI has said something. */
async function untilText(jobId: string) {
  for (let afterSeq = 0, said = false; !said; ) {
    const { events = [], nextAfterSeq = 0 } = await call('llm_job_watch', { jobId, afterSeq, until: 'event' });
    said = events.some(({ kind }) => kind === 'text');
    afterSeq = nextAfterSeq;
  }
}

test.concurrent.each(providers)(
  '%s_request gives the answer, its session, the default model and what it cost, and the session goes on',
  async (provider) => {
    const { models = [] } = await call('list_models', { provider });
    const { ok, isError, answer, job, content } = await ask(provider, { prompt: 'hi' });
    expect({ ok, isError }).toEqual({ ok: true, isError: false });
    expect(answer).toMatchObject({ text: HELLO, nextOffset: null, source: 'answer' });
    expect(job).toMatchObject({
      state: 'completed',
      reason: 'answered',
      sessionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      model: models[0]?.default,
      turns: 1,
    });
    expect(job?.usage).toMatchObject({ inputTokens: expect.any(Number), costUsd: expect.any(Number) });
    expect(job?.usage?.outputTokens).toBeGreaterThan(0);
    expect(content).toMatchObject([{ text: HELLO }, { text: expect.stringContaining('completed') }]);
    const next = await ask(provider, { prompt: '[mock:echo]', sessionId: job?.sessionId });
    expect(next.job?.sessionId).toBe(job?.sessionId);
    expect(JSON.parse(next.answer?.text ?? '{}').messages).toBeGreaterThan(2);
  },
);

test.concurrent('a job of 30 s is followed from its start to its whole answer in two calls', async () => {
  const started = await call('claude_request_async', { prompt: '[mock:slow 30]' });
  const messages: string[] = [];
  const { tool = '', arguments: args = {} } = started.next ?? {};
  const seen = await call(tool, args, { onprogress: (message) => messages.push(message) });
  expect(seen).toMatchObject({ job: { state: 'completed' }, answer: { text: expect.stringMatching(/^tok1 .*tok40 $/) } });
  expect(seen.next).toBeUndefined();
  expect(messages.some((message) => message.includes('writing: tok'))).toBe(true);
});

// The same request again joins its job, so that no deadline has to fit a CLI's start.
test.concurrent.each(providers)(
  '%s_request_async gives the job at once, and an answer after the deadline is not lost: the job is handed over with what it said so far',
  async (provider) => {
    const prompt = `[mock:hold ${provider}]`;
    const { job, next } = await call(`${provider}_request_async`, { prompt });
    expect(job?.state).toMatch(/queued|running/);
    expect(next).toMatchObject({ tool: 'llm_job_watch', arguments: { jobId: job?.id } });
    await untilText(job?.id ?? '');
    const messages: string[] = [];
    const early = await call(
      `${provider}_request`,
      { prompt, syncDeadlineMs: 1_000 },
      { onprogress: (message) => messages.push(message) },
    );
    await fetch(`${modelUrl}/__mock/release/${provider}`, { method: 'POST' });
    expect(messages[0]).toContain(early.job?.id);
    expect(messages.some((message) => message.includes('writing: tok'))).toBe(true);
    expect(early).toMatchObject({
      ok: true,
      job: { state: 'running' },
      answer: { source: 'partial', text: expect.stringMatching(/^tok1 /) },
      next: { tool: 'llm_job_watch' },
    });
    expect((await collect(early.job?.id ?? '')).answer?.text).toMatch(/^tok1 .*tok40 $/);
  },
);

test.concurrent.each(providers)('a %s that hangs is ended by the idle timeout', async (provider) => {
  const { error, isError } = await ask(provider, { prompt: '[mock:hang]', idleTimeoutMs: 3_000 });
  expect({ isError, error }).toMatchObject({
    isError: true,
    error: { code: 'idle_timeout', message: expect.stringContaining('3 s') },
  });
});

test.concurrent.each(providers)('a cancel in the middle ends %s and keeps what it said', async (provider) => {
  const { job } = await call(`${provider}_request_async`, { prompt: '[mock:slow 60]' });
  const jobId = job?.id ?? '';
  await untilText(jobId);
  expect((await call('llm_job_cancel', { jobId })).job).toMatchObject({ canceling: true });
  const { job: ended } = await collect(jobId);
  expect(ended).toMatchObject({ state: 'canceled', reason: 'cancel' });
  expect(await read(jobId, 'stdout')).toContain('tok1');
});

const apiErrors = providers.flatMap((provider) => [
  { provider, status: 401, code: 'auth_error', retryable: false },
  { provider, status: 429, code: 'rate_limited', retryable: true },
  { provider, status: 529, code: 'overloaded', retryable: true },
]);

test.concurrent('an error of the model service is a failure with its code, and soon', async () => {
  const found = await Promise.all(apiErrors.map(({ provider, status }) => ask(provider, { prompt: `[mock:error ${status}]` })));
  expect(found.map(({ isError, error }) => ({ isError, code: error?.code, retryable: error?.retryable }))).toEqual(
    apiErrors.map(({ code, retryable }) => ({ isError: true, code, retryable })),
  );
});

test.concurrent('a prompt of 1 MB arrives, one byte more is refused', async () => {
  const prompt = `[mock:echo]${'a'.repeat(1_048_576 - 11)}`;
  const sent = await ask('claude', { prompt });
  expect(sent.isError, JSON.stringify(sent.error)).toBe(false);
  // The model endpoint counts one token per four characters.
  expect(sent.job?.usage?.inputTokens).toBeGreaterThan(prompt.length / 4);
  const refused = await ask('claude', { prompt: `${prompt}a` });
  expect(refused.error).toMatchObject({ code: 'invalid_input', message: expect.stringContaining('1048577 bytes') });
});

// Grok computes for more than a minute on as much.

test.concurrent('an answer of 10 MB is read whole, page by page', async () => {
  const { job } = await call('claude_request_async', { prompt: '[mock:big 10000000]' });
  expect((await collect(job?.id ?? '')).job?.state).toBe('completed');
  expect(await read(job?.id ?? '')).toBe('x'.repeat(10_000_000));
});

test.concurrent.each(providers)('characters of several bytes that %s gets one byte at a time arrive whole', async (provider) => {
  const text = '漢字かな 한국어 😀👩‍👩‍👧 é ✓';
  const { job, answer } = await ask(provider, { prompt: `[mock:trickle ${text}]` });
  expect(answer?.text).toBe(text);
  expect(await read(job?.id ?? '', 'stdout')).not.toContain('\ufffd');
});

const writes = {
  claude: '[mock:call Write {"file_path":"notes/first.txt","content":"written by default"}]',
  grok: '[mock:call write {"file_path":"notes/first.txt","content":"written by default"}]',
};

test.concurrent.each(Object.entries(writes))(
  'a first task of %s writes a file, and a later one may read it',
  async (id, prompt) => {
    const workspace = `first-${id}`;
    const first = await ask(id, { prompt, workspace });
    expect(first).toMatchObject({ ok: true, job: { state: 'completed' } });
    expect(first.job?.denials).toBeUndefined();
    const { answer } = await ask(id, { prompt: '[mock:tool cat notes/first.txt]', workspace, may: 'read' });
    expect(answer?.text).toContain('written by default');
  },
);

test.concurrent.each([
  ['claude answers without it', 'claude', { ok: true, job: { state: 'completed' } }],
  ['grok fails', 'grok', { ok: false, error: { code: 'permission_required', message: expect.stringContaining('python3') } }],
])(
  'a command beyond reading is denied by default: %s, the denial comes first, and the next call runs it and shows it',
  async (_how, id, outcome) => {
    const prompt = '[mock:tool python3 -c "print(6*7)"]';
    const denied = await ask(id, { prompt });
    expect(denied).toMatchObject({
      ...outcome,
      next: { tool: `${id}_request`, arguments: { prompt, sessionId: denied.job?.sessionId, may: 'run' } },
    });
    expect(denied.content[0]).toMatchObject({ text: expect.stringMatching(/^Not permitted, so not done:\n- .*python3/) });
    const permitted = await call(denied.next?.tool ?? '', denied.next?.arguments ?? {});
    expect(permitted).toMatchObject({ ok: true, job: { sessionId: denied.job?.sessionId } });
    expect(permitted.answer?.text).toMatch(/^Tool said: .*42/s);
    const { events } = await call('llm_job_status', { jobId: permitted.job?.id });
    expect(events).toContainEqual(expect.objectContaining({ kind: 'tool_start', input: expect.stringContaining('python3') }));
    expect(events).toContainEqual(expect.objectContaining({ kind: 'tool_end', isError: false }));
  },
);

test.concurrent.each(Object.entries(writes))('a run of %s that may only read writes no file', async (id, prompt) => {
  const { next, job } = await ask(id, { prompt, may: 'read' });
  expect(job?.denials).toHaveLength(1);
  expect(next).toMatchObject({ arguments: { may: 'edit' } });
});

// A Claude computes six times as much as a Grok.
test('20 jobs at once all give their own answer', async () => {
  const prompts = Array.from({ length: 20 }, (_, i) => `[mock:text answer number ${i}]`);
  const found = await Promise.all(prompts.map((prompt, i) => ask(i % 5 ? 'grok' : 'claude', { prompt })));
  expect(found.map(({ answer, error, job }) => answer?.text ?? { error, job })).toEqual(
    prompts.map((_, i) => `answer number ${i}`),
  );
});
