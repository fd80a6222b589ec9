import { expect, test } from 'vitest';
import { z } from 'zod';
import { grok } from '../../../container/providers/grok/grok.ts';
import type { Launch } from '../../../container/providers/provider.ts';
import { dialogueOf } from './transcripts.ts';

const Call = z.object({ id: z.int(), method: z.string(), params: z.record(z.string(), z.unknown()) });

/** What a run with these options asks of the CLI that is not asked without them. */
function told(options: Record<string, unknown>) {
  const dialogue = dialogueOf('grok', 'ask', options);
  const calls = dialogue.opening.map((line) => Call.parse(JSON.parse(line)));
  for (let last = calls.at(-1); last !== undefined && last.method !== 'session/prompt'; last = calls.at(-1)) {
    const { reply } = dialogue.read(JSON.stringify({ jsonrpc: '2.0', id: last.id, result: {} }));
    calls.push(Call.parse(JSON.parse(reply ?? '')));
  }
  return calls.flatMap(({ method, params }) => {
    const { _meta: meta, configId, value } = params;
    if (method === 'session/set_config_option') return [`${configId} = ${value}`];
    return Object.entries(z.record(z.string(), z.unknown()).parse(meta ?? {})).map(
      ([name, said]) => `${name}: ${JSON.stringify(said)}`,
    );
  });
}

const launch: Launch = {
  binary: 'x',
  prompt: 'x',
  options: {},
  session: { mode: 'new', id: '2b2f0f5e-96f7-4f8e-b6e5-6a3b0d0c1a11' },
  gate: { baseUrl: 'http://127.0.0.1:1', token: 'x' },
  cwd: '/w',
  home: '/h',
  tmp: '/t',
};
const profileOf = (options: Record<string, unknown>) =>
  (grok.command({ ...launch, options: { ...options, permissionMode: 'ask' } }).files?.['/t/agent.md'] ?? '').split('\n');

const NEVER = ['send_feedback', 'scheduler_create', 'scheduler_delete', 'scheduler_list', 'monitor', 'workflow', 'Agent'];
const PLAN = ['enter_plan_mode', 'exit_plan_mode'];
const removed = (...tools: string[]) => `disallowedTools: ${JSON.stringify([...NEVER, ...PLAN, ...tools])}`;
const ALWAYS = ['---', 'name: "gateway"', 'description: "Asks before it acts"', 'promptMode: "extend"', removed(), ''];

test('a run that asks has no tool that would go on without it, no subagents, no plan mode, and no mode that skips questions', () => {
  expect(profileOf({})).toEqual(expect.arrayContaining(ALWAYS));
  expect(told({})).toEqual(['yoloMode: false', 'autoMode: false', 'sessionId: "2b2f0f5e-96f7-4f8e-b6e5-6a3b0d0c1a11"']);
});

/** What each option adds to the profile or to what is said. */
const rows: [string, unknown, string[]][] = [
  ['model', 'grok-4.6', ['model = grok-4.6']],
  ['model', 'latest', []],
  ['effort', 'high', ['reasoning_effort = high']],
  ['reasoningEffort', 'low', ['reasoning_effort = low']],
  ['permissionMode', 'ask', []],
  ['alwaysApprove', false, []],
  ['tools', ['run_terminal_command', 'read_file'], ['tools: ["run_terminal_cmd","read_file"]']],
  ['allowedTools', ['grep'], ['tools: ["grep"]']],
  ['disallowedTools', ['run_terminal_command'], [removed('run_terminal_cmd')]],
  ['disableWebSearch', true, [removed('web_search')]],
  ['noPlan', true, []],
  ['noSubagents', true, []],
  ['maxTurns', 3, ['maxTurns: 3']],
  ['maxBudgetUsd', 2, []],
  ['systemPrompt', '-x', ['systemPromptOverride: "-x"']],
  ['systemPromptOverride', 'x', ['systemPromptOverride: "x"']],
  ['appendSystemPrompt', '-x', ['rules: "-x"']],
  ['rules', 'x', ['rules: "x"']],
  ['jsonSchema', { type: 'object' }, ['outputSchema: {"type":"object"}']],
  ['jsonSchema', '{ "type": "object" }', ['outputSchema: {"type":"object"}']],
  ['verbatim', true, ['verbatim: true']],
];

test.each(rows)('%s %j adds %j', (name, value, expected) => {
  const options = { [name]: grok.options[name]?.type.parse(value) };
  expect(grok.conflicts({ ...options, permissionMode: 'ask' })).toEqual([]);
  const [before, after] = [{}, options].map((given) => [...profileOf(given), ...told(given)]);
  expect(after?.filter((line) => !before?.includes(line))).toEqual(expected);
});

test('every option of Grok can be kept where a person is asked, or is refused by its name', () => {
  const samples: Record<string, unknown> = { allow: ['x'], deny: ['x'], agent: 'x', agents: {}, may: 'edit' };
  const refused = Object.keys(samples).filter((name) =>
    grok
      .conflicts({ permissionMode: 'ask', [name]: samples[name] })
      .some((message) => new RegExp(`\\b${name} (with|"edit")`).test(message)),
  );
  expect([...new Set(rows.map(([name]) => name)), ...refused].sort()).toEqual(Object.keys(grok.options).sort());
});

test('commands of a run that asks keep their own logs', () => {
  const { env } = grok.command({ ...launch, options: { permissionMode: 'ask' } });
  expect(env.RUST_LOG).toBe('off');
  expect(JSON.parse(env.GROK_CONFIG ?? '')).toMatchObject({ shell_environment_policy: { exclude: ['RUST_LOG'] } });
});
