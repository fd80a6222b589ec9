import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Event, PROTOCOL_VERSION, type RunRequest } from '../../container/protocol.ts';
import { claude } from '../../container/providers/claude/claude.ts';
import { grok } from '../../container/providers/grok/grok.ts';
import type { Launch, Provider } from '../../container/providers/provider.ts';
import { startExecutor } from '../../container/start.ts';
import { isPassed, openWorkshop, type Word } from './real-cli.ts';

const LIMITS = {
  idleTimeoutMs: 60_000,
  runTimeoutMs: 60_000,
  outputCapBytes: 1_000_000,
  outputTailBytes: 1_000,
  cancelGraceMs: 5_000,
};
const both = [claude, grok];
const asking = { permissionMode: 'ask' };
let workshop: Awaited<ReturnType<typeof openWorkshop>>;

beforeAll(async () => {
  workshop = await openWorkshop(both);
  await mkdir(workshop.work, { recursive: true });
});
afterAll(() => workshop.end());

type Outcome = Awaited<ReturnType<typeof workshop.run>>;
const ask = (provider: Provider, given: Partial<Launch>, word?: Word) =>
  workshop.run(provider, { ...given, options: { ...given.options, ...asking } }, word);
const resultOf = ({ items }: Outcome) => items.findLast((item) => item.kind === 'result');
const asked = ({ items }: Outcome) => items.filter((item) => item.kind === 'ask');
const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** A file that a run is to remove, and the prompt for it. */
async function aFile() {
  const name = `${crypto.randomUUID()}.txt`;
  await writeFile(join(workshop.work, name), '');
  return { name, isThere: () => exists(join(workshop.work, name)), prompt: `[mock:tool rm ${name}]` };
}

test.concurrent.each(both)('$title makes a call that was allowed', async (provider) => {
  const file = await aFile();
  const outcome = await ask(provider, { prompt: file.prompt }, { allowed: true });
  expect(asked(outcome)).toMatchObject([
    { tool: expect.stringMatching(/Bash|run_terminal/), input: expect.stringContaining(file.name) },
  ]);
  expect(await file.isThere()).toBe(false);
  expect(outcome).toMatchObject({ code: 0, stderr: '', answer: expect.stringContaining('Tool said:') });
  expect(resultOf(outcome)).toMatchObject({ isError: false, denials: [], usage: { costUsd: expect.any(Number) } });
});

test.each(both)('an answer reaches $title through the executor, and the run ends by itself', async (provider) => {
  const state = await workshop.home();
  const env = { EXECUTOR_TOKEN: 'a-made-up-token-of-the-tests', EXECUTOR_PORT: '0', EXECUTOR_STATE: state };
  const executor = await startExecutor(env, { [provider.id]: provider });
  const headers = { authorization: `Bearer ${env.EXECUTOR_TOKEN}` };
  const call = async (method: string, path: string, body?: object) =>
    (await fetch(`${executor.listening}/runs/r${path}`, { method, headers, body: body && JSON.stringify(body) })).text();
  const session = { mode: 'new', id: crypto.randomUUID() } as const;
  const command = `python3 -c "open('made', 'w')"`;
  const request = { protocol: PROTOCOL_VERSION, account: 'a', provider: provider.id, prompt: `[mock:tool ${command}]` };
  await call('PUT', '', {
    ...request,
    options: asking,
    session,
    gate: workshop.gate(provider),
    limits: LIMITS,
  } satisfies RunRequest);
  const events: Event[] = [];
  while (events.at(-1)?.kind !== 'exit') {
    const page = await call('GET', `/events?wait=20000&after=${events.length}`);
    for (const line of page.split('\n').slice(0, -1)) events.push(Event.parse(JSON.parse(line)));
    const [question] = events.filter((event) => event.kind === 'ask');
    if (question) expect(await call('POST', '/answers', { ask: question.id, allowed: true })).toBe('{"allowed":true}');
  }
  await executor.shutDown();
  expect(events.filter(({ kind }) => kind === 'answered')).toMatchObject([{ allowed: true }]);
  expect(events.at(-1)).toMatchObject({ cause: 'exit', code: 0 });
  expect(await exists(join(state, 'accounts/a/sessions', provider.id, session.id, 'work/made'))).toBe(true);
});

test.concurrent.each(both)('$title leaves a call that was refused, tells the model why, and goes on', async (provider) => {
  const file = await aFile();
  const reason = `use the trash ${crypto.randomUUID()}`;
  const outcome = await ask(provider, { prompt: file.prompt }, { allowed: false, reason });
  expect(await file.isThere()).toBe(true);
  expect(await workshop.sent(reason)).not.toEqual([]);
  expect(outcome).toMatchObject({ code: 0, stderr: '', answer: expect.stringContaining('Tool said:') });
  expect(resultOf(outcome)).toMatchObject({ isError: false, denials: [{ input: expect.stringContaining(file.name) }] });
});

test.concurrent.each(both)('$title runs a command that only reads without a question', async (provider) => {
  const outcome = await ask(provider, { prompt: '[mock:tool ls]' });
  expect(asked(outcome)).toEqual([]);
  expect(resultOf(outcome)).toMatchObject({ isError: false, denials: [] });
});

const prompts = ['/cost', ' \n /session-info', '@notes.txt', 'see @./notes.txt'];
const said = both.flatMap((provider) => prompts.map((prompt): [string, string, Provider] => [provider.title, prompt, provider]));

test.concurrent.each(said)('%s takes the prompt %j as text', async (_title, prompt, provider) => {
  await writeFile(join(workshop.work, 'notes.txt'), 'the-content-of-the-file');
  const mark = crypto.randomUUID();
  const { answer } = await ask(provider, { prompt: `${prompt} ${mark}` });
  const sent = await workshop.sent(mark);
  const whole = JSON.stringify(`${prompt.trimStart()} ${mark}`).slice(1, -1);
  expect(answer).toBe('Hello from the mock model.');
  expect(sent.filter((body) => body.replaceAll('\u2060', '').includes(whole))).not.toEqual([]);
  expect(sent.filter((body) => body.includes('the-content-of-the-file'))).toEqual([]);
});

const turns: [string, object[]][] = [
  ['asking, printing, asking', [asking, {}, asking, {}]],
  ['printing, asking, printing', [{}, asking, {}, asking]],
];
const conversations = both.flatMap((provider) =>
  turns.map(([how, modes]): [string, string, Provider, object[]] => [provider.title, how, provider, modes]),
);

test.concurrent.each(conversations)(
  'a conversation of %s goes on %s, and so does its copy',
  async (_title, _how, provider, modes) => {
    const home = await workshop.home();
    const [id, copy] = [crypto.randomUUID(), crypto.randomUUID()];
    const sessions = [
      { mode: 'new', id },
      { mode: 'resume', id },
      { mode: 'fork', id: copy, from: id },
      { mode: 'resume', id: copy },
    ] as const;
    const lengths: number[] = [];
    for (const [index, session] of sessions.entries()) {
      const outcome = await workshop.run(provider, { prompt: '[mock:echo]', session, options: { ...modes[index] }, home });
      expect(resultOf(outcome)?.sessionId).toBe(session.id);
      lengths.push(JSON.parse(outcome.answer).messages);
    }
    expect(lengths).toEqual([...new Set(lengths)].sort((a, b) => a - b));
  },
);

const failures = both.flatMap((provider) =>
  [401, 529].map((status): [string, number, Provider] => [provider.title, status, provider]),
);

test.concurrent.each(failures)('%s tells that the model service answered HTTP %i', async (_title, apiStatus, provider) => {
  const outcome = await ask(provider, { prompt: `[mock:error ${apiStatus}]` });
  expect(resultOf(outcome)).toMatchObject({ isError: true, apiStatus });
});

test.concurrent.each(both)('$title gives structured output where a person is asked', async (provider) => {
  const { items } = await ask(provider, { prompt: '[mock:schema {"a":1}]', options: { jsonSchema: '{"type":"object"}' } });
  expect(items.filter((item) => item.kind === 'answer' && item.part === 'structured')).toMatchObject([{ text: '{"a":1}' }]);
  expect(items.at(-1)).toMatchObject({ isError: false, hasStructured: true });
});

test.each(both)('a run of $title that asks talks to the gate only, on paths that the gate passes', async (provider) => {
  const home = await workshop.home();
  const [id, copy] = [crypto.randomUUID(), crypto.randomUUID()];
  const calls = await workshop.callsDuring(async () => {
    await ask(provider, { session: { mode: 'new', id }, home });
    await ask(provider, { session: { mode: 'fork', id: copy, from: id }, home });
  });
  expect(calls.filter((call) => !isPassed(provider, call))).toEqual([]);
  expect(calls.some(({ method }) => method === 'POST')).toBe(true);
});

test('a run of Grok that asks has neither subagents nor tools that would go on without it', async () => {
  const { answer } = await ask(grok, { prompt: '[mock:echo]' });
  expect(answer).toContain('run_terminal_command');
  expect(answer).not.toMatch(/subagent|workflow|send_feedback|scheduler_|ask_user_question|image_|plan_mode/);
});

test('tools and turns of a run of Grok that asks are of that run alone', async () => {
  const home = await workshop.home();
  const id = crypto.randomUUID();
  const few = { tools: ['read_file'], maxTurns: 1 };
  const first = await ask(grok, { prompt: '[mock:echo]', session: { mode: 'new', id }, options: few, home });
  const then = await workshop.run(grok, { prompt: '[mock:tool ls]', session: { mode: 'resume', id }, home });
  expect(JSON.parse(first.answer).tools).toEqual(['read_file', 'search_tool', 'use_tool']);
  expect(resultOf(then)).toMatchObject({ isError: false, turns: 2 });
});

test('maxTurns ends a run of Grok that asks', async () => {
  const outcome = await ask(grok, { prompt: '[mock:loop ls]', options: { maxTurns: 2 } });
  expect(resultOf(outcome)).toMatchObject({ isError: true, subtype: 'error_max_turns', turns: 2 });
});

test('a mode that Grok remembers does not take the questions away', async () => {
  const home = await workshop.home();
  await mkdir(join(home, '.grok'), { recursive: true });
  await writeFile(join(home, '.grok', 'config.toml'), '[ui]\npermission_mode = "always-approve"\n');
  expect(asked(await ask(grok, { prompt: '[mock:tool rm nothing]', home }))).toHaveLength(1);
});

const everything: [Provider, Record<string, unknown>][] = [
  [
    claude,
    {
      model: 'opus',
      effort: 'high',
      allowedTools: ['Bash(git log:*)'],
      disallowedTools: ['WebFetch'],
      maxTurns: 3,
      maxBudgetUsd: 1.5,
      appendSystemPrompt: '-be brief',
      agents: { reviewer: { description: 'Reviews', prompt: 'Review.' } },
      mcpServers: { none: { command: '/bin/false' } },
      settingSources: 'user',
      noSessionPersistence: true,
      includeHookEvents: true,
      name: '-a title',
    },
  ],
  [claude, { systemPrompt: '-x', restricted: true, bare: true, tools: [] }],
  [
    grok,
    {
      model: 'grok-4.6',
      effort: 'high',
      disallowedTools: ['web_search', 'grep'],
      disableWebSearch: true,
      noPlan: true,
      noSubagents: true,
      maxTurns: 3,
      systemPrompt: '-You are brief.',
      verbatim: true,
    },
  ],
  [grok, { allowedTools: ['read_file'], model: 'latest', rules: '-x', reasoningEffort: 'low' }],
];

test.concurrent.each(everything)('$title accepts its options together where a person is asked: %#', async (provider, options) => {
  const checked = Object.fromEntries(
    Object.entries(options).map(([key, value]) => [key, provider.options[key]?.type.parse(value)]),
  );
  expect(provider.conflicts({ ...checked, ...asking })).toEqual([]);
  const outcome = await ask(provider, { prompt: 'hi', options: checked });
  expect(outcome).toMatchObject({ answer: 'Hello from the mock model.', code: 0, stderr: '' });
});
