import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { claude } from '../../container/providers/claude/claude.ts';
import { CLAUDE_REMOVED } from '../../container/providers/claude/tools.ts';
import { grok } from '../../container/providers/grok/grok.ts';
import { GROK_REMOVED, GROK_TOOLS } from '../../container/providers/grok/tools.ts';
import type { Launch, Provider } from '../../container/providers/provider.ts';
import { hasConversation } from '../../container/state/conversations.ts';
import { isPassed, openWorkshop } from './real-cli.ts';

const MARKER = 'the-content-of-the-file';
const both = [claude, grok];
let workshop: Awaited<ReturnType<typeof openWorkshop>>;

beforeAll(async () => {
  workshop = await openWorkshop(both);
  await mkdir(join(workshop.work, '.claude'), { recursive: true });
  await writeFile(join(workshop.work, 'notes.txt'), MARKER);
});
afterAll(() => workshop.end());

const resultOf = ({ items }: Awaited<ReturnType<typeof workshop.run>>) => items.findLast((item) => item.kind === 'result');
const visible = (text: string) => text.replaceAll('\u2060', '');

const prompts = [
  '/cost',
  '/session-info',
  ' \n /compact',
  '-x',
  '--help',
  '@notes.txt',
  'see @./notes.txt',
  '(@ notes.txt )',
  '!ls',
];
const said = both.flatMap((provider) => prompts.map((prompt): [string, string, Provider] => [provider.title, prompt, provider]));

test.concurrent.each(said)('%s takes the prompt %j as text', async (_title, prompt, provider) => {
  const mark = crypto.randomUUID();
  const { answer } = await workshop.run(provider, { prompt: `${prompt} ${mark}` });
  const sent = await workshop.sent(mark);
  const whole = JSON.stringify(`${prompt.trimStart()} ${mark}`).slice(1, -1);
  expect(answer).toBe('Hello from the mock model.');
  expect(sent.filter((body) => visible(body).includes(whole))).not.toEqual([]);
  expect(sent.filter((body) => body.includes(MARKER))).toEqual([]);
});

const failures = both.flatMap((provider) =>
  [401, 429, 500, 529].map((status): [string, number, Provider] => [provider.title, status, provider]),
);

test.concurrent.each(failures)('%s ends soon where the model service answers HTTP %i', async (_title, status, provider) => {
  const outcome = await workshop.run(provider, { prompt: `[mock:error ${status}]` });
  expect(resultOf(outcome)).toMatchObject({ isError: true });
  expect(outcome.code).toBe(1);
  // With its own settings Claude would try for three minutes; on a busy machine the ends of README.md take longer.
  expect(outcome.ms).toBeLessThan(60_000);
});

test.each(both)('a run of $title talks to the gate only, on paths that the gate passes', async (provider) => {
  const calls = await workshop.callsDuring(() => workshop.run(provider, { prompt: 'hi' }));
  expect(calls.filter((call) => !isPassed(provider, call))).toEqual([]);
  expect(calls.some(({ method }) => method === 'POST')).toBe(true);
});

test('a shell that is disallowed by the name Grok shows is gone', async () => {
  const { answer } = await workshop.run(grok, {
    prompt: '[mock:tool echo hi]',
    options: { alwaysApprove: true, disallowedTools: ['run_terminal_command'] },
  });
  expect(answer).toMatch(/^No shell tool among: read_file/);
});

test.each([
  ['are off', {}, false],
  ['are on where they are asked for', { noSubagents: false }, true],
])('subagents of Grok %s', async (_name, options, expected) => {
  const { answer } = await workshop.run(grok, { prompt: '[mock:echo]', options });
  expect(answer.includes('spawn_subagent')).toBe(expected);
  expect(answer).not.toMatch(/send_feedback|scheduler_|ask_user_question|image_/);
});

test('an allowed list of Grok leaves the named tools only', async () => {
  const options = { tools: ['read_file', 'run_terminal_command'], noPlan: true };
  const { answer } = await workshop.run(grok, { prompt: '[mock:echo]', options });
  expect(JSON.parse(answer).tools).toEqual(['run_terminal_command', 'read_file', 'search_tool', 'use_tool']);
});

const refusals: [string, Provider, string, object][] = [
  ['Claude goes on', claude, 'Bash', { isError: false, subtype: 'success' }],
  ['Grok ends the turn', grok, 'run_terminal_command', { isError: true, stopReason: 'cancelled' }],
];

test.each(refusals)(
  'a call that would have to ask is denied by default and named: %s',
  async (_name, provider, tool, verdict) => {
    const outcome = await workshop.run(provider, { prompt: '[mock:tool rm notes.txt]' });
    expect(resultOf(outcome)).toMatchObject({ ...verdict, denials: [{ tool, input: expect.stringContaining('rm notes.txt') }] });
    expect(outcome.items.filter(({ kind }) => kind === 'denied')).toHaveLength(1);
  },
);

test.each([
  [claude, { permissionMode: 'bypassPermissions' }],
  [claude, { dangerouslySkipPermissions: true }],
  [grok, { alwaysApprove: true }],
  [grok, { permissionMode: 'bypassPermissions' }],
])('$title runs a command where permissions are waived: $1', async (provider, options) => {
  const { answer } = await workshop.run(provider, { prompt: '[mock:tool python3 -c "print(6*7)"]', options });
  expect(answer).toContain('42');
});

test.each(both)('$title gives structured output', async (provider) => {
  const jsonSchema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: { a: { type: 'number' } },
    required: ['a'],
    additionalProperties: false,
  };
  const { items } = await workshop.run(provider, { prompt: '[mock:schema {"a":1}]', options: { jsonSchema } });
  expect(items.findLast((item) => item.kind === 'answer')).toMatchObject({ part: 'structured', text: '{"a":1}' });
  expect(items.at(-1)).toMatchObject({ kind: 'result', isError: false, hasStructured: true });
});

test.each(both)('a conversation of $title can be resumed and copied', async (provider) => {
  const home = await workshop.home();
  const [id, copy] = [crypto.randomUUID(), crypto.randomUUID()];
  const turns = [
    { mode: 'new', id },
    { mode: 'resume', id },
    { mode: 'fork', id: copy, from: id },
  ] as const;
  const lengths: number[] = [];
  for (const session of turns) {
    const outcome = await workshop.run(provider, { prompt: '[mock:echo]', session, home });
    expect(resultOf(outcome)?.sessionId).toBe(session.id);
    lengths.push(JSON.parse(outcome.answer).messages);
  }
  expect(lengths).toEqual([...new Set(lengths)].sort((a, b) => a - b));
});

const everything: [Provider, Record<string, unknown>][] = [
  [
    claude,
    {
      model: 'opus',
      fallbackModel: 'sonnet,haiku',
      effort: 'high',
      permissionMode: 'acceptEdits',
      allowedTools: ['Bash(git log:*)', 'mcp__x__y'],
      disallowedTools: ['WebFetch'],
      tools: ['Bash', 'Read'],
      maxTurns: 3,
      maxBudgetUsd: 1.5,
      appendSystemPrompt: '-be brief',
      systemPromptSnapshot: 'off',
      excludeDynamicSystemPromptSections: true,
      agents: { reviewer: { description: 'Reviews', prompt: 'Review.' } },
      agent: 'reviewer',
      forwardSubagentText: true,
      mcpServers: { none: { command: '/bin/false' } },
      strictMcpConfig: true,
      settingSources: 'user',
      addDir: ['.', './.claude'],
      noSessionPersistence: true,
      includeHookEvents: true,
      autocompact: 150_000,
      betas: ['context-1m-2025-08-07'],
      name: '-a title',
    },
  ],
  [claude, { systemPrompt: '-x', restricted: true, bare: true, tools: [] }],
  [claude, { safeMode: true, autocompact: 'auto', model: 'latest', dangerouslySkipPermissions: false, strictMcpConfig: false }],
  [
    grok,
    {
      model: 'grok-4.6',
      effort: 'high',
      alwaysApprove: true,
      allow: ['Bash(git *)'],
      deny: ['Read(-x)', 'Edit(**)'],
      disallowedTools: ['web_search', 'grep'],
      disableWebSearch: true,
      noPlan: true,
      maxTurns: 3,
      systemPrompt: '-You are brief.',
      verbatim: true,
    },
  ],
  [
    grok,
    {
      agents: { reviewer: { description: 'Reviews', prompt: 'Review.' } },
      reasoningEffort: 'low',
      rules: '-x',
    },
  ],
  [grok, { allowedTools: ['read_file'], model: 'latest', permissionMode: 'acceptEdits' }],
];

test.each(everything)('$title accepts its options together: %#', async (provider, options) => {
  const checked = Object.fromEntries(
    Object.entries(options).map(([key, value]) => [key, provider.options[key]?.type.parse(value)]),
  );
  expect(provider.conflicts(checked)).toEqual([]);
  const outcome = await workshop.run(provider, { prompt: 'hi', options: checked });
  expect(outcome).toMatchObject({ answer: 'Hello from the mock model.', code: 0, stderr: '' });
});

test('settings of a workspace are not loaded, unless they are asked for', async () => {
  const hook = (mark: string) => ({ hooks: { SessionStart: [{ hooks: [{ type: 'command', command: `echo ${mark}` }] }] } });
  await writeFile(join(workshop.work, '.claude', 'settings.json'), JSON.stringify(hook('hook-ran')));
  const seen = async (options: Record<string, unknown>) => {
    const mark = crypto.randomUUID();
    await workshop.run(claude, { prompt: mark, options });
    return (await workshop.sent(mark)).some((body) => body.includes('hook-ran'));
  };
  expect(await seen({})).toBe(false);
  expect(await seen({ settingSources: 'project' })).toBe(true);
});

const modes: [Provider, Record<string, unknown>][] = [
  [claude, { dangerouslySkipPermissions: true }],
  [grok, { alwaysApprove: true }],
  [grok, { permissionMode: 'ask' }],
];

test.each(modes)('a conversation of $title continues in the directory of each run: $1', async (provider, options) => {
  const home = await workshop.home();
  const [id, copy] = [crypto.randomUUID(), crypto.randomUUID()];
  const turns = [
    { session: { mode: 'new', id }, cwd: workshop.work },
    { session: { mode: 'resume', id }, cwd: join(workshop.work, "other (~1)! it's *é") },
    { session: { mode: 'fork', id: copy, from: id }, cwd: workshop.work },
  ] as const;
  for (const { session, cwd } of turns) {
    const { answer } = await workshop.run(provider, { prompt: '[mock:tool pwd]', options, session, home, cwd });
    expect(answer.trim().split('\n').at(-1)?.replace('Tool said: ', '')).toBe(cwd);
  }
});

const cancels = both.flatMap((provider) =>
  [0, 50, 300, 900].map((ms): [string, number, Provider] => [provider.title, ms, provider]),
);

test.each(cancels)('%s continues whatever it keeps of a run that ended after %i ms', async (_title, endMs, provider) => {
  const home = await workshop.home();
  const id = crypto.randomUUID();
  await workshop.run(provider, { prompt: '[mock:slow 3]', session: { mode: 'new', id }, home, endMs });
  if (!(await hasConversation(join(home, provider.conversations?.root ?? ''), provider.conversations, id))) return;
  const { items } = await workshop.run(provider, { session: { mode: 'resume', id }, home });
  expect(items.at(-1)).toMatchObject({ kind: 'result', isError: false });
});

test('the lists of Grok have every tool that it offers, and no other', async () => {
  const removing = /^--(disallowed-tools|no-subagents)/;
  const command = (launch: Launch) => {
    const whole = grok.command(launch);
    return { ...whole, argv: whole.argv.filter((argument) => !removing.test(argument)) };
  };
  const { answer } = await workshop.run({ ...grok, command }, { prompt: '[mock:echo]' });
  const offered = JSON.parse(answer).tools.filter((tool: string) => !/^(kill|get)_command_or_subagent/.test(tool));
  expect(offered.sort()).toEqual([...new Set([...Object.keys(GROK_TOOLS), ...GROK_REMOVED])].sort());
});

test.each([
  [claude, CLAUDE_REMOVED, { permissionMode: 'ask' }],
  [claude, CLAUDE_REMOVED, { permissionMode: 'bypassPermissions' }],
  [grok, GROK_REMOVED, { noSubagents: false }],
  [grok, GROK_REMOVED, { permissionMode: 'ask' }],
] as const)('$title has no tool that acts after the answer: $2', async (provider, removed, options) => {
  const { answer } = await workshop.run(provider, { prompt: '[mock:echo]', options });
  expect(JSON.parse(answer).tools.filter((tool: string) => removed.includes(tool))).toEqual([]);
});
