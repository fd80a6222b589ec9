import { expect, onTestFinished, test } from 'vitest';
import { connect } from '../helpers/mcp-client.ts';
import { fetchWorker, gatewayWith, mcpCall, OWNER_TOKEN, RESOURCE } from './helpers/gateway.ts';
import { answer, say } from './helpers/jobs.ts';
import { post, someone } from './helpers/post.ts';

const TOKEN = 'test-gateway-token';
const URL_OF_MCP = 'http://127.0.0.1/mcp';

/** A client of either line of the protocol that talks to the Worker without a network. */
async function connectWorker(mode: 'auto' | 'legacy') {
  const client = await connect(URL_OF_MCP, TOKEN, { mode, fetch: fetchWorker });
  onTestFinished(client.close);
  return client;
}

const script = (...steps: object[]) => JSON.stringify(steps);

test.each(['auto', 'legacy'] as const)(
  'a client of the %s line lists tools, calls one, sees progress and reads the answer as a resource',
  async (mode) => {
    const { client, call } = await connectWorker(mode);
    const messages: string[] = [];
    const { job, answer: said } = await call(
      'claude_request',
      { prompt: script(say({ kind: 'tool_start', id: 't', tool: 'Bash', input: 'npm test' }), answer(mode)) },
      { onprogress: (message) => messages.push(message) },
    );
    expect(said?.text).toBe(mode);
    expect(messages[0]).toContain(job?.id);
    expect(await client.readResource({ uri: `job://${job?.id}/result` })).toMatchObject({ contents: [{ text: mode }] });
    expect(await client.readResource({ uri: `job://${job?.id}/events` })).toMatchObject({
      contents: [{ text: expect.stringContaining('npm test') }],
    });
    expect((await client.listResources()).resources.map(({ uri }) => uri)).toContain(`job://${job?.id}/result`);
  },
);

test('tools/list is small, complete, and every tool says what it does to the world', async () => {
  const { client } = await connectWorker('auto');
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toEqual([
    'claude_request',
    'claude_request_async',
    'grok_request',
    'grok_request_async',
    'llm_job_status',
    'llm_job_watch',
    'llm_job_result',
    'llm_job_cancel',
    'llm_job_delete',
    'llm_job_list',
    'list_models',
    'llm_process_health',
    'approval_list',
    'approval_decide',
    'policy_get',
    'policy_set',
    'policy_test',
    'audit_list',
  ]);
  expect(JSON.stringify(tools).length).toBeLessThan(32_000);
  for (const { name, title, description = '', annotations, inputSchema, outputSchema } of tools) {
    expect({ name, title, annotations, inputSchema, outputSchema }).toMatchObject({
      title: expect.stringMatching(/./),
      annotations: {
        readOnlyHint: expect.any(Boolean),
        destructiveHint: expect.any(Boolean),
        idempotentHint: expect.any(Boolean),
        openWorldHint: expect.any(Boolean),
      },
      inputSchema: { type: 'object' },
      outputSchema: { type: 'object' },
    });
    expect(description.length).toBeGreaterThan(20);
    expect(description.length).toBeLessThan(200);
  }
});

const refusals: [string, string, Record<string, unknown>, string, RegExp][] = [
  [
    'an unknown parameter',
    'grok_request',
    { prompt: 'x', promt: 'y' },
    'invalid_input',
    /Unknown parameter "promt". Did you mean "prompt"\?/,
  ],
  ['an unknown parameter of a job tool', 'llm_job_status', { job_id: 'x' }, 'invalid_input', /Did you mean "jobId"\?/],
  ['a missing parameter', 'llm_job_result', {}, 'invalid_input', /^jobId: /],
  ['no prompt', 'claude_request', {}, 'invalid_input', /exactly one of prompt and promptParts/],
  ['a job of nobody', 'llm_job_status', { jobId: 'job_0' }, 'job_not_found', /no job "job_0"/],
  ['a path in place of a job', 'llm_job_cancel', { jobId: '../owner/job_0' }, 'job_not_found', /no job/],
  ['a page over the limit', 'llm_job_result', { jobId: 'job_0', maxChars: 120_001 }, 'invalid_input', /^maxChars: /],
  ['a cursor that is no cursor', 'llm_job_list', { cursor: '1 OR 1' }, 'invalid_input', /^cursor: /],
  ['a wait over the limit', 'llm_job_watch', { jobId: 'job_0', waitMs: 50_001 }, 'invalid_input', /^waitMs: /],
];

test.each(refusals)('%s is refused with a code, in words, and as an error', async (_name, tool, args, code, message) => {
  const { call } = await connectWorker('auto');
  const { isError, error, content } = await call(tool, args);
  expect({ isError, error }).toMatchObject({
    isError: true,
    error: { code, message: expect.stringMatching(message), retryable: false },
  });
  expect(JSON.stringify(content)).toContain(code);
});

const deep = (levels: number): object =>
  levels === 0 ? { type: 'string' } : { type: 'object', properties: { a: deep(levels - 1) } };
const many = Array.from({ length: 5_000 }, (_, i) => `Tool${i}`);

const bad: [string, Record<string, unknown>][] = [
  ['a NUL character', { prompt: 'a\0b' }],
  ['half a surrogate pair', { prompt: 'a\ud83d' }],
  ['a prompt over the limit', { prompt: 'a'.repeat(1_048_577) }],
  ['parts over the limit together', { promptParts: { context: 'a'.repeat(600_000), task: 'a'.repeat(600_000) } }],
  ['a schema of 1,000 levels', { prompt: 'a', jsonSchema: deep(1_000) }],
  ['a schema that is no JSON', { prompt: 'a', jsonSchema: '{' }],
  ['thousands of tools', { prompt: 'a', allowedTools: many }],
  ['a path that climbs out', { prompt: 'a', workspace: 'w', workingDir: '../..' }],
  ['a directory that climbs out', { prompt: 'a', addDir: ['../secrets'] }],
  ['an absolute directory', { prompt: 'a', addDir: ['/etc'] }],
  ['a conversation of somebody else', { prompt: 'a', sessionId: crypto.randomUUID() }],
  ['a limit out of range', { prompt: 'a', idleTimeoutMs: 0 }],
  ['a number that is text', { prompt: 'a', maxTurns: 'three' }],
  ['two system prompts', { prompt: 'a', systemPrompt: 'x', appendSystemPrompt: 'y', unknown: true }],
];

test.each(bad)('%s is refused: nothing is stored and nothing is run', async (_name, args) => {
  const { call } = await connectWorker('auto');
  const jobs = async () => (await call('llm_job_list', { limit: 100 })).jobs?.length;
  const before = await jobs();
  const { isError, error } = await call('claude_request', args);
  expect({ isError, error }).toMatchObject({
    isError: true,
    error: { code: expect.stringMatching(/^(invalid_input|session_not_found)$/) },
  });
  expect(error?.message.length).toBeLessThan(700);
  expect(await jobs()).toBe(before);
});

test.each(['auto', 'legacy'] as const)('an unknown tool is an error of the protocol to a client of the %s line', async (mode) => {
  const { call } = await connectWorker(mode);
  const message = expect.stringContaining('no tool "claude_reqest"');
  await expect(call('claude_reqest', {})).rejects.toMatchObject({ code: -32602, message });
});

test('a synchronous call with no time to wait hands over the job, which goes on', async () => {
  const { call } = await connectWorker('auto');
  const { ok, job, next } = await call('grok_request', { prompt: script(answer('later')), syncDeadlineMs: 0 });
  expect({ ok, next }).toMatchObject({ ok: true, next: { tool: 'llm_job_watch', arguments: { jobId: job?.id } } });
  const { job: over } = await call('llm_job_watch', { jobId: job?.id ?? '', afterSeq: 3 });
  expect(over).toMatchObject({ state: 'completed' });
});

test('a failed job is an error with its code and keeps what was said', async () => {
  const { call } = await connectWorker('auto');
  const failing = script(say({ kind: 'text', text: 'half an answ' }), { exit: 3 });
  const { isError, error, answer: said } = await call('claude_request', { prompt: failing });
  expect({ isError, error, said }).toMatchObject({
    isError: true,
    error: { code: 'no_result' },
    said: { text: 'half an answ', source: 'partial' },
  });
});

test('an identical request joins the job that is running, and says so', async () => {
  const { call } = await connectWorker('auto');
  const prompt = script({ write: `${crypto.randomUUID()}\n` }, { stay: true });
  const first = await call('claude_request_async', { prompt });
  const second = await call('claude_request_async', { prompt });
  expect(second.job).toMatchObject({ id: first.job?.id, deduplicated: true });
  expect((await call('claude_request_async', { prompt, maxTurns: 2 })).job?.id).not.toBe(first.job?.id);
  for (const { id } of (await call('llm_job_list', { state: 'running' })).jobs ?? []) await call('llm_job_cancel', { jobId: id });
});

test('what a terminal would obey is taken out of an answer, and kept in the raw output', async () => {
  const { call } = await connectWorker('auto');
  const { job, answer: said } = await call('claude_request', {
    prompt: script({ write: '\u001b[31mred\u0007\n' }, answer('\u001b[31mred\u001b[0m\u0007!')),
  });
  expect(said?.text).toBe('red!');
  expect((await call('llm_job_result', { jobId: job?.id ?? '', raw: 'stdout' })).answer?.text).toContain('\u001b[31mred\u0007\n');
});

test('characters of several bytes that come one byte at a time arrive whole', async () => {
  const text = '漢字 👩‍👩‍👧 é';
  const line = `items:${JSON.stringify([{ kind: 'text', text }])}\n`;
  const bytes = [...new TextEncoder().encode(line)].map((byte) => ({ bytes: btoa(String.fromCharCode(byte)) }));
  const { call } = await connectWorker('auto');
  const { job, answer: said } = await call('claude_request', { prompt: script(...bytes, answer(text)) });
  expect(said?.text).toBe(text);
  expect((await call('llm_job_result', { jobId: job?.id ?? '', raw: 'stdout' })).answer?.text).toContain(line);
});

const doors: [string, RequestInit, number][] = [
  ['no token', {}, 401],
  ['a wrong token', { headers: { authorization: 'Bearer test-gateway-tokem' } }, 401],
  ['a token of another scheme', { headers: { authorization: `Basic ${TOKEN}` } }, 401],
];

test.each(doors)('%s is turned away', async (_name, init, status) => {
  const response = await fetchWorker(URL_OF_MCP, { method: 'POST', body: '{}', ...init });
  expect(response.status).toBe(status);
  expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
});

const malformed: [string, RequestInit, number[]][] = [
  ['a body that is no JSON', { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } }, [400]],
  ['an empty body', { method: 'POST', headers: { 'content-type': 'application/json' } }, [400]],
  ['another type', { method: 'POST', body: '{}', headers: { 'content-type': 'text/plain' } }, [400, 415]],
  ['a stream that nobody offers', { method: 'GET' }, [405]],
  [
    'a body over the limit',
    { method: 'POST', body: `"${'x'.repeat(4_194_305)}"`, headers: { 'content-type': 'application/json' } },
    [413],
  ],
];

test.each(malformed)('%s is a clear refusal', async (_name, init, statuses) => {
  const headers = { accept: 'application/json, text/event-stream', authorization: `Bearer ${TOKEN}`, ...init.headers };
  const response = await fetchWorker(URL_OF_MCP, { ...init, headers });
  expect(statuses).toContain(response.status);
});

const gates: [string, string, RequestInit][] = [
  ['no token', '/gate/claude/v1/messages', { method: 'POST' }],
  [
    'a token of no run',
    '/gate/claude/v1/messages',
    { method: 'POST', headers: { 'x-api-key': `owner.job_0.${'x'.repeat(36)}` } },
  ],
  ['the gateway token', '/gate/grok/v1/responses', { method: 'POST', headers: { authorization: `Bearer ${TOKEN}` } }],
  [
    'an unknown provider',
    '/gate/codex/v1/messages',
    { method: 'POST', headers: { 'x-api-key': `owner.job_0.${'x'.repeat(36)}` } },
  ],
];

test.each(gates)('the gate refuses %s', async (_name, path, init) => {
  const response = await fetchWorker(`http://127.0.0.1${path}`, init);
  expect(response.status).toBe(403);
  expect(await response.json()).toMatchObject({ error: { code: 'gate_refused' } });
});

const wrongParameters: [method: string, params: object, said: string][] = [
  ['tools/call', { name: 'llm_job_list', arguments: null }, 'params.arguments: Invalid input: expected record, received null.'],
  ['tools/call', {}, 'params.name: Invalid input: expected string, received undefined.'],
  ['tools/list', { cursor: 5 }, 'params.cursor: Invalid input: expected string, received number.'],
  ['resources/read', {}, 'params.uri: Invalid input: expected string, received undefined.'],
  [
    'initialize',
    { protocolVersion: '2025-11-25', capabilities: {} },
    'params.clientInfo: Invalid input: expected object, received undefined.',
  ],
];

test.each(wrongParameters)(
  'wrong parameters of %s %j are named in words, in both lines of the protocol',
  async (method, params, said) => {
    const error = { code: -32602, message: `Invalid parameters: ${said}` };
    const response = await gatewayWith()(RESOURCE, mcpCall(OWNER_TOKEN, method, params));
    expect(await response.text()).toContain(JSON.stringify(error).slice(1, -1));
    if (method !== 'initialize') expect((await post(someone('jobs:read'), method, { ...params })).error).toEqual(error);
  },
);
