import { expect, test } from 'vitest';
import { providers } from '../../../container/providers/index.ts';

const agents = { a: { description: 'd', prompt: 'p' } };
const server = { docs: { command: 'x' } };

/** Requests of which a part has no effect: the options and what is reported. `continued`: in a continued conversation only. */
const reported: [string, object, string, RegExp, 'continued'?][] = [
  ['claude', { may: 'run', allowedTools: ['Edit'] }, 'allowedTools', /^every call is permitted already$/],
  ['claude', { permissionMode: 'bypassPermissions', allowedTools: ['Edit'] }, 'allowedTools', /already/],
  [
    'claude',
    { tools: ['Read'], allowedTools: ['Bash(git *)'] },
    'allowedTools',
    /^Bash\(git \*\): the run does not have the tool$/,
  ],
  ['claude', { disallowedTools: ['Bash'], allowedTools: ['Read, Bash(ls)'] }, 'allowedTools', /^Bash\(ls\):/],
  ['claude', { restricted: true, allowedTools: ['Bash'] }, 'allowedTools', /^Bash:/],
  ['claude', { bare: true, allowedTools: ['Write'] }, 'allowedTools', /^Write:/],
  ['claude', { allowedTools: ['Skill'] }, 'allowedTools', /^Skill:/],
  [
    'claude',
    { mcpServers: server, allowedTools: ['mcp__Docs__x'] },
    'allowedTools',
    /^mcp__Docs__x: mcpServers has no such server$/,
  ],
  ['claude', { disallowedTools: ['mcp__docs__x'] }, 'disallowedTools', /no such server/],
  ['claude', { agents: { a: { ...agents.a, tools: ['Read', 'mcp__x'] } } }, 'agents', /^mcp__x: mcpServers has no such server$/],
  ['claude', { agents: { a: { ...agents.a, tools: ['Read', 'Skill'] } } }, 'agents', /^Skill: the run does not have the tool$/],
  ['claude', { agents, tools: ['Read'] }, 'agents', /does not have the tool Agent/],
  ['claude', { agents, bare: true }, 'agents', /does not have the tool Agent/],
  ['claude', { agents: { a: { ...agents.a, effort: 'low' } }, agent: 'a' }, 'agents', /^effort and maxTurns/],
  ['claude', { agents: { a: { ...agents.a, maxTurns: 1 } }, agent: 'a' }, 'agents', /^effort and maxTurns/],
  ['claude', { agent: 'Explore', systemPrompt: 'x' }, 'agent', /systemPrompt replaces/],
  ['claude', { forwardSubagentText: true, tools: ['Read'] }, 'forwardSubagentText', /no subagents/],
  ['claude', { model: 'claude-haiku-4-5', effort: 'low' }, 'effort', /^claude-haiku-4-5 has no effort$/],
  ['claude', { model: 'claude-opus-4-5', effort: 'max' }, 'effort', /^claude-opus-4-5 has no max; high is used$/],
  ['claude', { model: 'claude-sonnet-4-6', effort: 'xhigh' }, 'effort', /has no xhigh/],
  ['claude', { fallbackModel: 'opus' }, 'fallbackModel', /model of the request/],
  [
    'claude',
    { excludeDynamicSystemPromptSections: true, systemPrompt: 'x' },
    'excludeDynamicSystemPromptSections',
    /replace the prompt/,
  ],
  ['claude', { strictMcpConfig: false }, 'strictMcpConfig', /needs settingSources/],
  ['claude', { includeHookEvents: true }, 'includeHookEvents', /need settingSources/],
  ['claude', { addDir: ['sub'] }, 'addDir', /inside the working directory/],
  ['claude', { name: 'x', noSessionPersistence: true }, 'name', /not kept/],
  ['claude', { systemPrompt: 'x', systemPromptSnapshot: 'on' }, 'systemPrompt', /systemPromptSnapshot is on/, 'continued'],
  ['claude', { appendSystemPrompt: 'x', systemPromptSnapshot: 'on' }, 'appendSystemPrompt', /keeps/, 'continued'],
  ['claude', { agent: 'Explore', systemPromptSnapshot: 'on' }, 'agent', /keeps/, 'continued'],
  ['grok', { appendSystemPrompt: 'x' }, 'appendSystemPrompt', /keeps its system prompt/, 'continued'],
  ['grok', { rules: 'x' }, 'rules', /keeps its system prompt/, 'continued'],
  ['grok', { agent: 'explore' }, 'agent', /keeps its system prompt.*tools of the agent apply/, 'continued'],
  ['grok', { agent: 'explore', systemPrompt: 'x' }, 'agent', /systemPrompt replaces/],
  ['grok', { permissionMode: 'plan' }, 'permissionMode', /treats plan as dontAsk/],
  ['grok', { alwaysApprove: true, allow: ['Edit'] }, 'allow', /already/],
  [
    'grok',
    { agent: 'explore', tools: ['read_file', 'run_terminal_command'] },
    'tools',
    /^run_terminal_cmd: agent explore does not have it$/,
  ],
  ['grok', { agent: 'plan', allowedTools: ['write'] }, 'allowedTools', /^write: agent plan/],
  ['grok', { agents, agent: 'explore' }, 'agents', /no tool that calls subagents/],
  ['grok', { agents, tools: ['grep'] }, 'agents', /no tool that calls subagents/],
  ['grok', { noSubagents: false, tools: ['grep'] }, 'noSubagents', /no tool that calls subagents/],
  ['grok', { agents: { a: { ...agents.a, model: 'nope' } } }, 'agents', /^nope: not a known model/],
];

test.each(reported)('%s with %j reports %s as ignored', (id, options, option, reason, when) => {
  const ignored = (isContinued: boolean) => providers[id]?.ignored?.({ ...options }, isContinued) ?? [];
  expect(ignored(true)).toContainEqual({ option, reason: expect.stringMatching(reason) });
  if (when === 'continued') expect(ignored(false)).toEqual([]);
  else expect(ignored(false)).toEqual(ignored(false).filter((entry) => entry.option === option));
});

/** Requests of which every part has an effect. */
const applied: [string, object][] = [
  ['claude', {}],
  [
    'claude',
    { may: 'edit', allowedTools: ['Bash(git *)', 'mcp__docs__x', 'mcp__*'], mcpServers: server, tools: ['Bash', 'Agent'] },
  ],
  ['claude', { tools: ['default', 'Glob'], allowedTools: ['WebFetch(domain:x)', 'Task(a)'], agents, agent: 'a' }],
  ['claude', { jsonSchema: {}, tools: ['StructuredOutput'], maxTurns: 3, maxBudgetUsd: 1, effort: 'max', model: 'haiku' }],
  [
    'claude',
    { settingSources: 'project', strictMcpConfig: false, addDir: ['sub'], includeHookEvents: true, disallowedTools: ['mcp__x'] },
  ],
  ['claude', { systemPrompt: 'x', model: 'opus', fallbackModel: 'sonnet,haiku' }],
  ['claude', { agents: { a: { ...agents.a, effort: 'low', tools: ['*'] } } }],
  ['grok', {}],
  ['grok', { systemPrompt: 'x', model: 'grok-4.6', effort: 'low', tools: ['read_file'], noPlan: true }],
  [
    'grok',
    { agents: { a: { ...agents.a, model: 'grok-4.6', tools: ['grep'] } }, permissionMode: 'acceptEdits', allow: ['Bash'] },
  ],
];

test.each(applied)('%s with %j reports nothing as ignored', (id, options) => {
  expect(providers[id]?.ignored?.({ ...options }, false)).toEqual([]);
});

test('options that an older gateway accepted leave a job readable', () => {
  const old = { agents: { a: { tools: 'Read', effort: 7 } }, agent: 'reviewer', mcpServers: [], fallbackModel: 3 };
  for (const provider of Object.values(providers)) expect(() => provider.ignored?.(old, true)).not.toThrow();
});
