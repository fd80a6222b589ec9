import { expect, test } from 'vitest';
import { z } from 'zod';
import { providers } from '../../../container/providers/index.ts';
import { ARGUMENT_MAX_BYTES } from '../../../container/providers/values.ts';

const { claude, grok } = providers;
const all = Object.values(providers);

function complaint(id: string, name: string, value: unknown): string {
  const parsed = providers[id]?.options[name]?.type.safeParse(value);
  return parsed?.success ? 'accepted' : (parsed?.error?.issues.map(({ message }) => message).join(' ') ?? 'no such option');
}

const nested = (depth: number): unknown => (depth === 0 ? {} : { a: nested(depth - 1) });

const refused: [string, string, unknown, RegExp][] = [
  ['claude', 'model', '-x', /not a valid name/],
  ['claude', 'model', 'a b', /not a valid name/],
  ['claude', 'fallbackModel', 'a, b', /not a list of models/],
  ['claude', 'maxTurns', 0, />=1/],
  ['claude', 'maxTurns', 1.5, /int/],
  ['claude', 'maxBudgetUsd', 0, />0/],
  ['claude', 'effort', 'extreme', /high/],
  ['claude', 'permissionMode', 'yolo', /dontAsk/],
  ['claude', 'settingSources', 'project,home', /user, project and local/],
  ['claude', 'settingSources', '', /user, project and local/],
  ['claude', 'addDir', ['/etc'], /"\/etc" leaves the working directory/],
  ['claude', 'addDir', ['a/../../b'], /leaves the working directory/],
  ['claude', 'addDir', ['~root'], /leaves the working directory/],
  ['claude', 'addDir', ['a\\..\\b'], /leaves the working directory/],
  ['claude', 'jsonSchema', '{', /not valid JSON/],
  ['claude', 'jsonSchema', '[]', /not a JSON object/],
  ['claude', 'jsonSchema', '3', /not a JSON object/],
  ['claude', 'jsonSchema', nested(40), /deeper than 32/],
  ['claude', 'jsonSchema', JSON.stringify(nested(40)), /deeper than 32/],
  ['claude', 'jsonSchema', '['.repeat(60_000) + ']'.repeat(60_000), /120000 bytes, limit 65536/],
  ['claude', 'jsonSchema', { a: 'ä'.repeat(40_000) }, /80008 bytes, limit 65536/],
  ['claude', 'mcpServers', { s: { args: [] } }, /neither command nor url/],
  ['claude', 'mcpServers', { 'a b': { command: 'x' } }, /key/],
  ['claude', 'mcpServers', { s: { command: 'x'.repeat(70_000) } }, /limit 65536/],
  ['claude', 'mcpServers', { s: { command: 'x', url: 'http://s' } }, /both command and url/],
  ['claude', 'mcpServers', { s: { command: ['x'] } }, /string/],
  ['claude', 'mcpServers', { s: { command: 'x', args: 'y' } }, /array/],
  ['claude', 'mcpServers', { s: { command: 'x', args: [1] } }, /string/],
  ['claude', 'mcpServers', { s: { command: 'x', env: ['A=1'] } }, /record/],
  ['claude', 'mcpServers', { s: { command: 'x', env: { A: 1 } } }, /string/],
  ['claude', 'mcpServers', { s: { command: 'x', type: 'http' } }, /stdio/],
  ['claude', 'mcpServers', { s: { url: 'http://s', headers: { A: true } } }, /string/],
  ['claude', 'mcpServers', { s: { url: 'http://s', type: 'streamable' } }, /"http"/],
  ['claude', 'mcpServers', { s: { url: 'ftp://s' } }, /URL/],
  ['claude', 'disallowedTools', ['bash'], /Unknown tool "bash"\. Did you mean "Bash"\?/],
  ['claude', 'disallowedTools', ['BASH(rm *)'], /Did you mean "Bash"/],
  ['claude', 'disallowedTools', ['Read, bash'], /Unknown tool "bash"/],
  ['claude', 'allowedTools', ['shell'], /Unknown tool "shell"\. Known: Agent, Bash/],
  ['claude', 'allowedTools', ['-x'], /Unknown tool "-x"/],
  ['claude', 'allowedTools', ['Monitor'], /"Monitor" is not available in a run/],
  ['claude', 'tools', ['read'], /Did you mean "Read"/],
  ['claude', 'tools', ['Workflow'], /not available/],
  ['claude', 'tools', ['Bash(git *)'], /"Bash\(git \*\)" is not the name of a built-in tool: put it into allowedTools/],
  ['claude', 'tools', ['mcp__x__y'], /not the name of a built-in tool/],
  ['claude', 'allowedTools', ['Bash(git *'], /"Bash\(git \*" is not a rule/],
  ['claude', 'allowedTools', ['Bash (git *)'], /"\(git \*\)" is not a rule: write Name or Name\(pattern\), without a blank/],
  ['claude', 'disallowedTools', ['Write(secrets/**)'], /"Write\(secrets\/\*\*\)" has no effect: write Edit\(secrets\/\*\*\)/],
  ['claude', 'betas', ['nope'], /context-1m-2025-08-07/],
  ['claude', 'agents', { a: { description: 'd', prompt: 'p', tools: ['bash'] } }, /Unknown tool "bash"\. Did you mean "Bash"/],
  ['claude', 'agents', { a: { description: 'd', prompt: 'p', disallowedTools: ['Shell'] } }, /Unknown tool "Shell"/],
  ['claude', 'agents', { a: { description: 'd', prompt: 'p', tools: ['Monitor'] } }, /"Monitor" is not available/],
  ['claude', 'agents', { a: { description: 'd', prompt: 'p', tools: 'Read' } }, /expected array/],
  ['claude', 'agents', { a: { description: 'd' } }, /expected string/],
  ['claude', 'agents', { a: { description: 'd', prompt: 'p', effort: 'none', maxTurns: -1 } }, /"low".*>=1/],
  ['claude', 'agents', '{', /^not valid JSON: send an object, or its JSON text$/],
  ['claude', 'agents', { a: 'x' }, /not a set of subagents: send \{name: \{description, prompt\}\}/],
  ['claude', 'systemPrompt', '', />=1/],
  ['claude', 'autocompact', 5, />=100000/],
  ['grok', 'disallowedTools', ['shell'], /Unknown tool "shell"\. Known: run_terminal_command, read_file/],
  ['grok', 'tools', [], />=1/],
  ['grok', 'agent', '../agent', /explore/],
  ['grok', 'agent', 'Explore', /explore/],
  [
    'grok',
    'agents',
    { a: { description: 'd', prompt: 'p', tools: ['Bash'] } },
    /Unknown tool "Bash"\. Known: run_terminal_command/,
  ],
  ['grok', 'agents', { a: { description: 'd', prompt: 'p', disallowedTools: ['nope'] } }, /Unknown tool "nope"/],
  ['grok', 'deny', ['run_terminal_command'], /Unknown tool "run_terminal_command" in a rule\. Did you mean "Bash"/],
  ['grok', 'deny', ['bash(rm *)'], /Did you mean "Bash"/],
  ['grok', 'deny', ['shell'], /Known: Bash, Read, Edit/],
  ['grok', 'deny', ['Glob(**)'], /Did you mean "Read"/],
  ['grok', 'allow', ['Bash(git *'], /"Bash\(git \*" is not a rule/],
  ['grok', 'systemPrompt', 'ä'.repeat(40_000), /80000 bytes, limit 65536/],
  ['grok', 'maxTurns', 0, />=1/],
  // What is too long is not read: there is no complaint about the tools that it names.
  ['claude', 'allowedTools', ['x '.repeat(501)], /^Too big: expected string to have <=1000 characters$/],
  ['claude', 'tools', Array.from({ length: 101 }, () => 'x'), /^Too big: expected array to have <=100 items$/],
  ['grok', 'deny', Array.from({ length: 201 }, () => 'x'), /^Too big: expected array to have <=200 items$/],
];

test.each(refused)('%s refuses %s %j', (id, name, value, said) => {
  expect(complaint(id, name, value)).toMatch(said);
});

/** Fields of a subagent that would disable a safeguard, by the names of the CLIs. */
const barred: [string, string[]][] = [
  [
    'claude',
    [
      'permissionMode',
      'hooks',
      'mcpServers',
      'skills',
      'initialPrompt',
      'memory',
      'background',
      'isolation',
      'observer',
      'omitClaudeMd',
    ],
  ],
  [
    'grok',
    ['permissionMode', 'permission_mode', 'hooks', 'mcpServers', 'skills', 'toolOverrides', 'injectDefaultTools', 'isolation'],
  ],
];
const barredFields = barred.flatMap(([id, fields]) => fields.map((field) => [id, field]));

test.each(barredFields)('%s refuses %s of a subagent, as an object and as text', (id = '', field = '') => {
  const definition = { reviewer: { description: 'd', prompt: 'p', [field]: {} } };
  const said = `"${field}" of "reviewer" is not allowed. Allowed: description, prompt, tools, disallowedTools, model, effort, maxTurns`;
  expect(complaint(id, 'agents', definition)).toBe(said);
  expect(complaint(id, 'agents', JSON.stringify(definition))).toBe(said);
});

const limits = { model: 'm', effort: 'low', maxTurns: 2 };
const reviewer = { description: 'd', prompt: 'p', tools: ['Read', 'mcp__x__y'], disallowedTools: ['Bash(rm *)'], ...limits };
const grokReviewer = { description: 'd', prompt: 'p', tools: ['run_terminal_command'], disallowedTools: ['grep'], ...limits };

const accepted: [string, string, unknown][] = [
  ['claude', 'model', 'sonnet[1m]'],
  ['claude', 'model', 'arn:aws:bedrock/x@y'],
  ['claude', 'agents', { reviewer }],
  ['grok', 'agents', JSON.stringify({ grokReviewer, other: { description: 'd', prompt: 'p' } })],
  ['grok', 'deny', ['Bash(rm *)', 'Edit', 'MCPTool(a__b)', 'WebFetch']],
  ['claude', 'allowedTools', ['Bash(python3 -c "print((1))")']],
  ['claude', 'jsonSchema', nested(31)],
  ['claude', 'addDir', ['a..b/c', './d']],
  ['claude', 'mcpServers', { s: { type: 'http', url: 'http://s' } }],
  [
    'claude',
    'mcpServers',
    { s: { url: 'https://s/mcp', headers: { A: 'b' } }, l: { command: 'x', args: ['-y'], env: { A: 'b' } } },
  ],
  ['claude', 'disallowedTools', ['Bash(rm -rf *, /)', 'mcp__x__y', 'mcp__x', 'Task', 'Agent(Explore)', 'Workflow', 'Read,Edit']],
  ['claude', 'allowedTools', ['Bash(git *)', 'WebFetch(domain:x.org)', 'Read Grep', 'mcp__*']],
  ['claude', 'tools', ['default', 'Glob']],
  ['grok', 'disallowedTools', ['monitor']],
  ['grok', 'disallowedTools', ['run_terminal_command', 'run_terminal_cmd', 'spawn_subagent']],
];

test.each(accepted)('%s accepts %s %j', (id, name, value) => {
  expect(complaint(id, name, value)).toBe('accepted');
});

const contradictions: [string, Record<string, unknown>, RegExp][] = [
  ['claude', { systemPrompt: 'a', appendSystemPrompt: 'b' }, /cannot be combined/],
  ['claude', { bare: true, tools: ['Write'] }, /tools cannot have Write, because bare leaves it out/],
  ['claude', { restricted: true, tools: ['Bash'] }, /tools cannot have Bash, because restricted leaves it out/],
  ['claude', { tools: ['StructuredOutput'] }, /because it needs jsonSchema/],
  ['claude', { tools: ['Skill'] }, /because it needs settingSources/],
  ['claude', { tools: ['ExitPlanMode'], permissionMode: 'plan' }, /because it needs permissionMode ask/],
  ['claude', { tools: ['Agent'], disallowedTools: ['Task'] }, /Agent is in tools and in disallowedTools/],
  ['claude', { jsonSchema: {}, disallowedTools: ['StructuredOutput'] }, /jsonSchema needs the tool StructuredOutput/],
  ['claude', { bare: true, settingSources: 'project' }, /bare loads no settings/],
  ['claude', { safeMode: true, settingSources: 'user' }, /safeMode loads no settings/],
  ['claude', { restricted: true, settingSources: 'user' }, /restricted loads no settings/],
  ['claude', { safeMode: true, mcpServers: {} }, /safeMode loads no customizations. Leave out mcpServers/],
  ['claude', { safeMode: true, agents: {} }, /Leave out agents or safeMode/],
  ['claude', { tools: ['Edit'], agents: { a: { tools: ['Bash'] } } }, /agents.a names Bash, which tools leaves out/],
  ['grok', { tools: ['grep'], agents: { a: { tools: ['list_dir'] } } }, /agents.a names list_dir, which tools leaves out/],
  ['grok', { tools: ['grep'], disallowedTools: ['grep'] }, /grep is to be kept and removed/],
  ['grok', { tools: ['web_search'], disableWebSearch: true }, /disableWebSearch removes web_search/],
  ['grok', { allowedTools: ['enter_plan_mode', 'exit_plan_mode'], noPlan: true }, /noPlan removes the tools of plan mode/],
  ['grok', { systemPrompt: 'a', rules: 'b' }, /Grok adds nothing to a system prompt of the request/],
  ['claude', { dangerouslySkipPermissions: true, permissionMode: 'plan' }, /contradicts permissionMode plan/],
  ['claude', { restricted: true, permissionMode: 'bypassPermissions' }, /restricted and bypassPermissions/],
  ['claude', { restricted: true, dangerouslySkipPermissions: true }, /restricted and bypassPermissions/],
  ['claude', { dangerouslySkipPermissions: true, permissionMode: 'ask' }, /contradicts permissionMode ask/],
  ['grok', { alwaysApprove: true, permissionMode: 'ask' }, /contradicts permissionMode ask/],
  ['grok', { permissionMode: 'ask', allow: ['Bash(git *)'] }, /cannot combine allow with permissionMode ask/],
  ['grok', { permissionMode: 'ask', deny: ['Bash(rm *)'] }, /cannot combine deny with/],
  ['grok', { permissionMode: 'ask', agent: 'reviewer' }, /cannot combine agent with/],
  ['grok', { permissionMode: 'ask', agents: {} }, /cannot combine agents with/],
  ['grok', { permissionMode: 'ask', noSubagents: false }, /cannot combine noSubagents with/],
  ['grok', { permissionMode: 'ask', noPlan: false }, /cannot combine noPlan with/],
  ['grok', { permissionMode: 'ask', tools: ['enter_plan_mode', 'exit_plan_mode'] }, /no enter_plan_mode with permissionMode ask/],
  ['grok', { alwaysApprove: true, permissionMode: 'dontAsk' }, /contradicts permissionMode dontAsk/],
  ['grok', { effort: 'low', reasoningEffort: 'low' }, /effort and reasoningEffort mean the same/],
  ['grok', { tools: ['grep'], allowedTools: ['grep'] }, /tools and allowedTools mean the same/],
  ['grok', { systemPrompt: 'a', systemPromptOverride: 'b' }, /mean the same/],
  ['grok', { appendSystemPrompt: 'a', rules: 'b' }, /mean the same/],
  ['grok', { agents: {}, noSubagents: true }, /agents need subagents/],
  ['grok', { disallowedTools: ['read_file'] }, /search_replace only together with read_file/],
  ['grok', { tools: ['search_replace'] }, /search_replace only together with read_file/],
  ['grok', { disallowedTools: ['exit_plan_mode'] }, /enter_plan_mode only together with exit_plan_mode/],
  ['grok', { tools: ['monitor'] }, /monitor is not available in a run/],
  ['grok', { noSubagents: false, tools: ['workflow'] }, /workflow is not available/],
  ['grok', { tools: ['spawn_subagent'] }, /need noSubagents: false/],
];

test.each(contradictions)('%s cannot combine %j', (id, options, said) => {
  expect(providers[id]?.conflicts(options).join(' ')).toMatch(said);
});

const harmonies: [string, Record<string, unknown>][] = [
  ['claude', {}],
  ['claude', { dangerouslySkipPermissions: true, permissionMode: 'bypassPermissions' }],
  ['claude', { dangerouslySkipPermissions: false, restricted: true }],
  ['grok', {}],
  ['grok', { disallowedTools: ['read_file', 'search_replace'] }],
  ['grok', { tools: ['read_file', 'search_replace'], noPlan: true }],
  ['grok', { agents: {}, noSubagents: false }],
  ['claude', { permissionMode: 'ask', restricted: true, allowedTools: ['Bash(git *)'] }],
  ['grok', { permissionMode: 'ask', noSubagents: true, noPlan: true, alwaysApprove: false, tools: ['read_file'], maxTurns: 3 }],
];

test.each(harmonies)('%s can combine %j', (id, options) => {
  expect(providers[id]?.conflicts(options)).toEqual([]);
});

test('an argument as long as the options allow fits into what Linux takes', () => {
  expect(ARGUMENT_MAX_BYTES + '--system-prompt-override='.length).toBeLessThan(131_072);
});

test.each(all)('the schema of $title says what every option is and stays small enough for a list of tools', ({ options }) => {
  const shape = Object.fromEntries(Object.entries(options).map(([name, { type }]) => [name, type]));
  const schema = z.toJSONSchema(z.strictObject(shape), { io: 'input' });
  expect(Object.values(options).filter(({ type }) => !type.description)).toEqual([]);
  expect(schema.required ?? []).toEqual([]);
  expect(JSON.stringify(schema).length).toBeLessThan(4_500);
});

test.each(all)('options of $title stay the same when they are checked twice', ({ options }) => {
  const samples: Record<string, unknown> = {
    model: 'latest',
    jsonSchema: { type: 'object' },
    addDir: ['a'],
  };
  for (const [name, value] of Object.entries(samples)) {
    const once = options[name]?.type.parse(value);
    expect(options[name]?.type.parse(once)).toEqual(once);
  }
});

test('aliases lead to known models', () => {
  for (const { models } of all) {
    expect(models.known).toContain(models.default);
    expect(models.known).toEqual(expect.arrayContaining(Object.values(models.aliases)));
  }
  expect([claude?.id, grok?.id]).toEqual(['claude', 'grok']);
});
