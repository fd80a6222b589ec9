import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { claude } from '../../container/providers/claude/claude.ts';
import { compare, type Effect, look, type Seen } from './effects.ts';
import { openWorkshop } from './real-cli.ts';

let workshop: Awaited<ReturnType<typeof openWorkshop>>;

const hook = { hooks: { UserPromptSubmit: [{ hooks: [{ type: 'command', command: 'true' }] }] } };
const FILES: Record<string, string> = {
  'CLAUDE.md': 'TEXT-OF-CLAUDE-MD',
  '.mcp.json': JSON.stringify({ mcpServers: { project: { command: '/bin/false' } } }),
  '.claude/settings.json': JSON.stringify(hook),
  'sub/.claude/skills/foo/SKILL.md': '---\nname: foo\ndescription: TEXT-OF-SKILL\n---\nx',
};

beforeAll(async () => {
  workshop = await openWorkshop([claude]);
  for (const [name, content] of Object.entries(FILES)) {
    await mkdir(dirname(join(workshop.work, name)), { recursive: true });
    await writeFile(join(workshop.work, name), content);
  }
});
afterAll(() => workshop.end());

const agents = { reviewer: { description: 'Reviews', prompt: 'PROMPT-OF-AGENT' } };
const shell = '[mock:tool python3 -c "print(6*7)"]';
const subagent = '[mock:call Agent {"description":"x","prompt":"x","subagent_type":"reviewer"}]';
const ran = ({ answer }: Seen) => answer.includes('42');
const runs = { prompt: shell, see: ran, with: true, without: false };
const serversOf = ({ lines }: Seen) =>
  /"mcp_servers":\[([^\]]*)\]/
    .exec(lines.join())?.[1]
    ?.match(/"name":"\w+"/g)
    ?.join() ?? '';

/** How the effect of each option is observed. */
const EFFECTS: Record<string, Effect> = {
  model: { value: 'haiku', see: ({ body }) => body.model, with: 'claude-haiku-5-5', without: 'claude-opus-5-5' },
  fallbackModel: {
    value: 'sonnet',
    prompt: '[mock:error 404]',
    see: ({ models }) => models.at(-1),
    ...{ with: 'claude-sonnet-5-5', without: 'claude-opus-5-5' },
  },
  effort: { value: 'high', see: ({ body }) => body.output_config.effort, with: 'high', without: 'medium' },
  may: { value: 'run', ...runs },
  permissionMode: { value: 'bypassPermissions', ...runs },
  dangerouslySkipPermissions: { value: true, ...runs },
  allowedTools: { value: ['Bash(python3 *)'], ...runs },
  disallowedTools: { value: ['Bash'], see: ({ tools }) => tools.includes('Bash'), with: false, without: true },
  tools: {
    value: ['Read', 'Glob'],
    see: ({ tools }) => ['Glob', 'Edit'].map((tool) => tools.includes(tool)),
    with: [true, false],
    without: [false, true],
  },
  restricted: { value: true, see: ({ tools }) => tools.includes('Bash'), with: false, without: true },
  maxTurns: {
    value: 1,
    prompt: '[mock:tool echo hi]',
    see: ({ verdict }) => verdict,
    with: 'error_max_turns',
    without: 'success',
  },
  maxBudgetUsd: {
    value: 0.0001,
    prompt: '[mock:tool echo hi]',
    ...{ see: ({ verdict }) => verdict, with: 'error_max_budget_usd', without: 'success' },
  },
  systemPrompt: { value: 'MY-PROMPT', see: ({ system }) => system.endsWith('MY-PROMPT'), with: true, without: false },
  appendSystemPrompt: { value: 'MY-PROMPT', see: ({ system }) => system.endsWith('MY-PROMPT'), with: true, without: false },
  systemPromptSnapshot: {
    value: 'on',
    before: { systemPrompt: 'FIRST-PROMPT' },
    beside: { systemPrompt: 'SECOND-PROMPT' },
    see: ({ system }) => /(FIRST|SECOND)-PROMPT$/.exec(system)?.[1],
    ...{ with: 'FIRST', without: 'SECOND' },
  },
  excludeDynamicSystemPromptSections: {
    value: true,
    see: ({ system }) => system.length < 6_000,
    ...{ with: true, without: false },
  },
  jsonSchema: { value: { type: 'object' }, see: ({ tools }) => tools.includes('StructuredOutput'), with: true, without: false },
  agents: {
    value: agents,
    beside: { may: 'run' },
    prompt: subagent,
    see: ({ answer }) => answer.includes('Subagent hand-back'),
    ...{ with: true, without: false },
  },
  agent: {
    value: 'reviewer',
    beside: { agents },
    see: ({ system }) => system.endsWith('PROMPT-OF-AGENT'),
    with: true,
    without: false,
  },
  forwardSubagentText: {
    value: true,
    beside: { agents, may: 'run' },
    prompt: subagent,
    see: ({ lines }) => lines.filter((line) => /"type":"assistant".*"parent_tool_use_id":"/.test(line)).length > 0,
    ...{ with: true, without: false },
  },
  mcpServers: { value: { docs: { command: '/bin/false' } }, see: serversOf, with: '"name":"docs"', without: '' },
  strictMcpConfig: {
    value: false,
    beside: { settingSources: 'project' },
    ...{ see: serversOf, with: '"name":"project"', without: '' },
  },
  settingSources: {
    value: 'project',
    see: ({ sent }) => sent.some((call) => call.includes('TEXT-OF-CLAUDE-MD')),
    ...{ with: true, without: false },
  },
  addDir: {
    value: ['sub'],
    beside: { settingSources: 'project' },
    see: ({ sent }) => sent.some((call) => call.includes('TEXT-OF-SKILL')),
    ...{ with: true, without: false },
  },
  bare: { value: true, see: ({ tools }) => tools.sort().join() === 'Bash,Edit,Read', with: true, without: false },
  safeMode: { value: true, see: ({ system }) => system.length < 6_000, with: true, without: false },
  noSessionPersistence: { value: true, see: ({ kept }) => kept.includes('[mock:echo]'), with: false, without: true },
  includeHookEvents: {
    value: true,
    beside: { settingSources: 'project' },
    see: ({ lines }) => lines.some((line) => line.includes('"hook_event":"UserPromptSubmit"')),
    ...{ with: true, without: false },
  },
  autocompact: {
    value: 100_000,
    prompt: `${'word '.repeat(90_000)}[mock:tool echo hi]`,
    see: ({ lines }) => lines.some((line) => line.includes('"status":"compacting"')),
    ...{ with: true, without: false },
  },
  betas: {
    value: ['context-1m-2025-08-07'],
    see: ({ headers }) => String(headers['anthropic-beta']).includes('context-1m-2025-08-07'),
    ...{ with: true, without: false },
  },
  name: { value: 'MY-TITLE', see: ({ kept }) => kept.includes('"customTitle":"MY-TITLE"'), with: true, without: false },
};

test('every option of Claude Code has a row that shows its effect', () => {
  expect(Object.keys(EFFECTS).sort()).toEqual(Object.keys(claude.options).sort());
});

test.concurrent.each(Object.entries(EFFECTS))('the effect of %s on Claude Code is seen', async (option, effect) => {
  const { with: expected, without } = effect;
  expect(await compare(workshop, claude, option, effect)).toEqual({ with: expected, without });
});

/** Options of a continued conversation: what the request says counts. */
const CONTINUED: [string, unknown, Effect['see'], unknown][] = [
  ['model', 'haiku', ({ body }) => body.model, 'claude-haiku-5-5'],
  ['effort', 'low', ({ body }) => body.output_config.effort, 'low'],
  ['systemPrompt', 'NEW-PROMPT', ({ system }) => system.endsWith('NEW-PROMPT'), true],
  ['appendSystemPrompt', 'NEW-PROMPT', ({ system }) => system.endsWith('NEW-PROMPT'), true],
  ['agent', 'reviewer', ({ system }) => system.endsWith('PROMPT-OF-AGENT'), true],
  ['disallowedTools', ['Bash'], ({ answer }) => answer.includes('No shell tool') || answer.includes('No such tool'), true],
  ['tools', ['Read'], ({ answer }) => answer.includes('No such tool available: Bash'), true],
  ['restricted', true, ({ answer }) => answer.includes('No shell tool') || answer.includes('No such tool'), true],
  ['jsonSchema', { type: 'object' }, ({ tools }) => tools.includes('StructuredOutput'), true],
  ['noSessionPersistence', true, ({ kept }) => kept.includes('[mock:tool'), false],
  ['name', 'NEW-TITLE', ({ kept }) => kept.includes('"customTitle":"NEW-TITLE"'), true],
];

test.concurrent.each(CONTINUED)('%s counts in a continued conversation', async (option, value, see, expected) => {
  const beside = option === 'agent' ? { agents } : {};
  const seen = await look(
    workshop,
    claude,
    { ...beside, [option]: value },
    { prompt: '[mock:tool echo hi]', before: { systemPrompt: 'OLD' } },
  );
  expect(see(seen)).toEqual(expected);
});

test('an older model is used as it is named', async () => {
  expect((await look(workshop, claude, { model: 'claude-opus-4-1' })).body.model).toBe('claude-opus-4-1');
});

/** Efforts that are reported as ignored, and what the CLI sends. */
const EFFORTS: [string, string, string][] = [
  ['claude-sonnet-4-5', 'low', ''],
  ['claude-haiku-4-5', 'high', ''],
  ['claude-3-7-sonnet-latest', 'high', ''],
  ['claude-sonnet-4-20250514', 'low', ''],
  ['claude-opus-4-5', 'max', 'high'],
  ['claude-opus-4-5', 'xhigh', 'high'],
  ['claude-sonnet-4-6', 'xhigh', 'high'],
  ['claude-sonnet-4-6', 'max', 'max'],
  ['claude-opus-4-5', 'low', 'low'],
  ['claude-haiku-5-5', 'max', 'max'],
];

test.concurrent.each(EFFORTS)('an effort that %s does not have is reported: %s', async (model, effort, sent) => {
  const { body } = await look(workshop, claude, { model, effort });
  expect(body.output_config.effort).toBe(sent);
  const ignored = claude.ignored?.({ model, effort }, false) ?? [];
  expect(ignored.map(({ option }) => option)).toEqual(sent === effort ? [] : ['effort']);
});
