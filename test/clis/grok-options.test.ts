import { afterAll, beforeAll, expect, test } from 'vitest';
import { grok } from '../../container/providers/grok/grok.ts';
import { parsedJson } from '../../container/providers/json.ts';
import { compare, type Effect, look, type Seen, Sent } from './effects.ts';
import { openWorkshop } from './real-cli.ts';

let workshop: Awaited<ReturnType<typeof openWorkshop>>;
beforeAll(async () => {
  workshop = await openWorkshop([grok]);
});
afterAll(() => workshop.end());

const agents = { reviewer: { description: 'Reviews', prompt: 'PROMPT-OF-AGENT', tools: ['run_terminal_command'] } };
const shell = '[mock:tool python3 -c "print(6*7)"]';
const subagent = '[mock:call spawn_subagent {"description":"x","prompt":"x","subagent_type":"reviewer"}]';
const ran = ({ answer }: Seen) => answer.includes('42');
const runs = { prompt: shell, see: ran, with: true, without: false };
const denies = { beside: { alwaysApprove: true }, prompt: shell, see: ran, with: false, without: true };
const has = (tool: string) => (seen: Seen) => seen.tools.includes(tool);
const onlyReads = { value: ['read_file'], see: has('grep'), with: false, without: true };
const effort = { value: 'low', see: ({ body }: Seen) => body.reasoning.effort, with: 'low', without: '' };
const prompt = { value: 'MY-PROMPT', see: ({ system }: Seen) => system === 'MY-PROMPT', with: true, without: false };
const addition = { value: 'MY-RULE', see: ({ system }: Seen) => system.includes('MY-RULE'), with: true, without: false };

/** How the effect of each option is observed; null: the gate has it, not the CLI. */
const EFFECTS: Record<string, Effect | null> = {
  model: { value: 'grok-4.6', see: ({ body }) => body.model, with: 'grok-4.6', without: 'grok-4.5' },
  effort,
  reasoningEffort: effort,
  may: { value: 'run', ...runs },
  permissionMode: { value: 'bypassPermissions', ...runs },
  alwaysApprove: { value: true, ...runs },
  allow: { value: ['Bash(python3 *)'], ...runs },
  deny: { value: ['Bash'], ...denies },
  tools: onlyReads,
  allowedTools: onlyReads,
  disallowedTools: { value: ['run_terminal_command'], see: has('run_terminal_command'), with: false, without: true },
  disableWebSearch: { value: true, see: has('web_search'), with: false, without: true },
  noPlan: { value: true, see: has('enter_plan_mode'), with: false, without: true },
  noSubagents: { value: false, see: has('spawn_subagent'), with: true, without: false },
  maxTurns: {
    value: 1,
    beside: { alwaysApprove: true },
    prompt: '[mock:tool echo hi]',
    ...{ see: ({ verdict }) => verdict, with: 'error_max_turns', without: 'success' },
  },
  maxBudgetUsd: null,
  systemPrompt: prompt,
  systemPromptOverride: prompt,
  appendSystemPrompt: addition,
  rules: addition,
  jsonSchema: {
    value: { type: 'object' },
    see: ({ sent }) => sent.some((call) => call.includes('"json_schema"')),
    with: true,
    without: false,
  },
  // What a subagent receives is seen below.
  agents: { value: agents, see: has('spawn_subagent'), with: true, without: false },
  agent: { value: 'explore', see: has('write'), with: false, without: true },
  verbatim: { value: true, see: ({ body }) => body.input.at(-1)?.content.includes('<user_query>'), with: false, without: true },
};

test('every option of Grok has a row that shows its effect', () => {
  expect(Object.keys(EFFECTS).sort()).toEqual(Object.keys(grok.options).sort());
  expect(Object.keys(EFFECTS).filter((option) => EFFECTS[option] === null)).toEqual([grok.roles.budget]);
});

const shown = Object.entries(EFFECTS).flatMap(([option, effect]): [string, Effect][] => (effect ? [[option, effect]] : []));

test.concurrent.each(shown)('the effect of %s on Grok is seen', async (option, effect) => {
  const { with: expected, without } = effect;
  expect(await compare(workshop, grok, option, effect)).toEqual({ with: expected, without });
});

/** Options of a continued conversation, and whether they count. Those that do not are reported. */
const CONTINUED: [string, unknown, Effect['see'], boolean][] = [
  ['model', 'grok-4.6', ({ body }) => body.model === 'grok-4.6', true],
  ['effort', 'low', ({ body }) => body.reasoning.effort === 'low', true],
  ['systemPrompt', 'NEW-PROMPT', ({ system }) => system === 'NEW-PROMPT', true],
  ['appendSystemPrompt', 'NEW-RULE', ({ sent }) => sent.some((call) => call.includes('NEW-RULE')), false],
  ['rules', 'NEW-RULE', ({ sent }) => sent.some((call) => call.includes('NEW-RULE')), false],
  ['agent', 'explore', ({ system }) => system !== 'OLD', false],
  ['tools', ['read_file'], ({ tools }) => !tools.includes('grep'), true],
  ['disallowedTools', ['grep'], ({ tools }) => !tools.includes('grep'), true],
  ['verbatim', true, ({ body }) => body.input.at(-1)?.content.includes('<user_query>') === false, true],
];

const turns = (['dontAsk', 'ask'] as const).flatMap((permissionMode) =>
  CONTINUED.filter(([option]) => permissionMode !== 'ask' || option !== 'agent').map((row) => [permissionMode, ...row] as const),
);

test.concurrent.each(turns)(
  'in a conversation that continues with %s, %s %j counts or is reported',
  async (permissionMode, option, value, see, counts) => {
    const seen = await look(
      workshop,
      grok,
      { permissionMode, [option]: value },
      { before: { permissionMode, systemPrompt: 'OLD' } },
    );
    expect(see(seen)).toBe(counts);
    const ignored = grok.ignored?.({ permissionMode, [option]: value }, true).map((entry) => entry.option);
    expect(ignored).toEqual(counts ? [] : [option]);
  },
);

test('acceptEdits of Grok permits changes of files, as its name says', async () => {
  const { answer } = await look(
    workshop,
    grok,
    { permissionMode: 'acceptEdits' },
    { prompt: '[mock:call write {"file_path":"new.txt","content":"x"}]' },
  );
  expect(answer).toMatch(/created|Wrote/);
});

test('a tool of a subagent is named as the model sees it', async () => {
  await look(workshop, grok, { agents, alwaysApprove: true }, { prompt: subagent });
  const [call = ''] = await workshop.sent('PROMPT-OF-AGENT');
  const offered = Sent.parse(parsedJson(call)).body.tools.map(({ name }) => name);
  expect(offered).toEqual(['run_terminal_command', 'search_tool', 'use_tool']);
});
