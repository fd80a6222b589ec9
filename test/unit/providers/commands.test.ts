import { expect, test } from 'vitest';
import { claude } from '../../../container/providers/claude/claude.ts';
import { grok } from '../../../container/providers/grok/grok.ts';
import type { Launch, Provider } from '../../../container/providers/provider.ts';

const id = '2b2f0f5e-96f7-4f8e-b6e5-6a3b0d0c1a11';
const from = '7c1d8a34-0b52-4f0e-9c55-0d7a3f6f2b22';
const launch: Launch = {
  binary: '/bin/cli',
  prompt: 'hi',
  options: {},
  session: { mode: 'new', id },
  gate: { baseUrl: 'http://127.0.0.1:8787/gate/x', token: 'a-token-of-one-run' },
  cwd: '/w',
  home: '/h',
  tmp: '/t',
};

function argvOf(provider: Provider, options: Record<string, unknown>): string[] {
  const checked = Object.fromEntries(
    Object.entries(options).map(([key, value]) => [key, provider.options[key]?.type.parse(value)]),
  );
  return provider.command({ ...launch, options: checked }).argv;
}

/** What an option changes: the arguments that come, and with a minus those that go. */
function changes(provider: Provider, options: Record<string, unknown>): string[] {
  const [before, after] = [argvOf(provider, {}), argvOf(provider, options)];
  const gone = before.filter((argument) => !after.includes(argument)).map((argument) => `- ${argument}`);
  return [...gone, ...after.filter((argument) => !before.includes(argument))];
}

const schema = { type: 'object' };
const agents = { a: { description: 'd', prompt: 'p' } };
const byDefault = '- --permission-mode=dontAsk';
const rule = '- --allowedTools=Edit(./**)';
const grokRule = '- --allow=Edit(./**)';
const removed = (...tools: string[]) =>
  `--disallowed-tools=${['send_feedback', 'scheduler_create', 'scheduler_delete', 'scheduler_list', 'monitor', 'workflow', ...tools].join(',')}`;
const asking = ['--input-format=stream-json', '--permission-prompt-tool=stdio'];
const isolated = ['- --setting-sources=', '- --disable-slash-commands'];

const claudeOptions: [string, unknown, string[]][] = [
  ['model', 'opus', ['--model=claude-opus-5-5']],
  ['model', 'latest', []],
  ['model', 'sonnet[1m]', ['--model=sonnet[1m]']],
  ['fallbackModel', 'haiku,my-model', ['--fallback-model=claude-haiku-5-5,my-model']],
  ['effort', 'high', ['--effort=high']],
  ['may', 'edit', []],
  ['may', 'read', [rule]],
  ['may', 'run', [byDefault, rule, '--permission-mode=bypassPermissions']],
  ['permissionMode', 'plan', [byDefault, rule, '--permission-mode=plan']],
  ['permissionMode', 'default', [byDefault, rule, '--permission-mode=manual']],
  ['permissionMode', 'ask', [byDefault, rule, ...asking, '--permission-mode=manual']],
  ['dangerouslySkipPermissions', true, [byDefault, rule, '--dangerously-skip-permissions']],
  ['dangerouslySkipPermissions', false, []],
  ['allowedTools', ['Bash(git *)', 'mcp__x__y'], [rule, '--allowedTools=Bash(git *)', '--allowedTools=mcp__x__y']],
  ['disallowedTools', ['Bash'], ['--disallowedTools=Bash']],
  ['tools', ['Bash', 'Read'], ['--tools=Bash,Read']],
  ['tools', [], ['--tools=']],
  ['tools', [''], ['--tools=']],
  ['restricted', true, ['--restricted']],
  ['maxTurns', 3, ['--max-turns=3']],
  ['maxBudgetUsd', 0.5, ['--max-budget-usd=0.5']],
  ['systemPrompt', '-x', ['--system-prompt-file=/t/system-prompt.txt']],
  ['appendSystemPrompt', 'x', ['--append-system-prompt-file=/t/append-system-prompt.txt']],
  ['systemPromptSnapshot', 'off', ['--system-prompt-snapshot=off']],
  ['excludeDynamicSystemPromptSections', true, ['--exclude-dynamic-system-prompt-sections']],
  ['jsonSchema', schema, ['--json-schema={"type":"object"}']],
  ['jsonSchema', '{ "type": "object" }', ['--json-schema={"type":"object"}']],
  [
    'jsonSchema',
    { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' },
    ['--json-schema={"type":"object"}'],
  ],
  ['jsonSchema', '{"$schema":"http://json-schema.org/draft-07/schema#","type":"object"}', ['--json-schema={"type":"object"}']],
  ['jsonSchema', { $defs: { a: { $schema: 'x', type: 'null' } } }, ['--json-schema={"$defs":{"a":{"type":"null"}}}']],
  [
    'jsonSchema',
    { properties: { $schema: { const: { $schema: 'x' } } } },
    ['--json-schema={"properties":{"$schema":{"const":{"$schema":"x"}}}}'],
  ],
  ['agents', agents, ['--agents=/t/agents.json']],
  ['agent', 'reviewer', ['--agent=reviewer']],
  ['forwardSubagentText', true, ['--forward-subagent-text']],
  ['mcpServers', { s: { command: 'x' } }, ['--mcp-config=/t/mcp.json']],
  ['strictMcpConfig', false, ['- --strict-mcp-config']],
  ['settingSources', 'user,project', [...isolated, '--setting-sources=user,project']],
  ['addDir', ['a', 'b/c'], ['--add-dir=a', '--add-dir=b/c']],
  ['bare', true, ['--bare']],
  ['safeMode', true, ['--safe-mode']],
  ['noSessionPersistence', true, ['--no-session-persistence']],
  ['includeHookEvents', true, ['--include-hook-events']],
  ['autocompact', 150_000, ['--autocompact=150000']],
  ['betas', ['context-1m-2025-08-07'], ['--betas=context-1m-2025-08-07']],
  ['name', 'My run', ['--name=My run']],
];

const plain = `- ${removed('Agent')}`;
const grokOptions: [string, unknown, string[]][] = [
  ['model', 'grok-4.5', ['--model=grok-4.5']],
  ['model', 'latest', []],
  ['effort', 'low', ['--reasoning-effort=low']],
  ['reasoningEffort', 'low', ['--reasoning-effort=low']],
  ['may', 'edit', []],
  ['may', 'read', [grokRule]],
  ['may', 'run', [byDefault, grokRule, '--permission-mode=bypassPermissions']],
  ['permissionMode', 'acceptEdits', [byDefault, '--permission-mode=acceptEdits']],
  ['alwaysApprove', true, [byDefault, grokRule, '--always-approve']],
  ['allow', ['Bash(git *)'], [grokRule, '--allow=Bash(git *)']],
  ['deny', ['Bash(rm *)', 'Read'], ['--deny=Bash(rm *)', '--deny=Read']],
  ['tools', ['run_terminal_command', 'read_file'], ['--tools=run_terminal_cmd,read_file']],
  ['allowedTools', ['grep'], ['--tools=grep']],
  ['disallowedTools', ['run_terminal_command'], [plain, removed('Agent', 'run_terminal_cmd')]],
  ['disallowedTools', ['run_terminal_cmd'], [plain, removed('Agent', 'run_terminal_cmd')]],
  ['disableWebSearch', true, ['--disable-web-search']],
  ['noPlan', true, [plain, removed('Agent', 'enter_plan_mode', 'exit_plan_mode'), '--no-plan']],
  ['noSubagents', false, [plain, '- --no-subagents', removed()]],
  ['noSubagents', true, []],
  ['maxTurns', 3, ['--max-turns=3']],
  ['maxBudgetUsd', 2, []],
  ['systemPrompt', '-x', ['--system-prompt-override=-x']],
  ['systemPromptOverride', 'x', ['--system-prompt-override=x']],
  ['appendSystemPrompt', '-x', ['--rules=-x']],
  ['rules', 'x', ['--rules=x']],
  ['jsonSchema', schema, ['--json-schema={"type":"object"}']],
  ['agents', agents, [plain, '- --no-subagents', removed(), `--agents=${JSON.stringify(agents)}`]],
  [
    'agents',
    '{ "a": {"description": "d", "prompt": "p", "tools": ["run_terminal_command"]} }',
    [plain, '- --no-subagents', removed(), '--agents={"a":{"description":"d","prompt":"p","tools":["run_terminal_cmd"]}}'],
  ],
  ['agent', 'explore', ['--agent=explore']],
  ['verbatim', true, ['--verbatim']],
];

const tables = [
  { provider: claude, rows: claudeOptions },
  { provider: grok, rows: grokOptions },
];
const rows = tables.flatMap(({ provider, rows }) => rows.map(([name, value, expected]) => ({ provider, name, value, expected })));

test.each(rows)('$provider.title: $name $value becomes $expected', ({ provider, name, value, expected }) => {
  expect(changes(provider, { [name]: value })).toEqual(expected);
});

test.each(tables)('every option of $provider.title is in the table above', ({ provider, rows }) => {
  expect([...new Set(rows.map(([name]) => name))].sort()).toEqual(Object.keys(provider.options).sort());
});

const sessions: [Launch['session'], string[]][] = [
  [{ mode: 'new', id }, [`--session-id=${id}`]],
  [{ mode: 'resume', id }, [`--resume=${id}`]],
  [{ mode: 'fork', id, from }, [`--resume=${from}`, '--fork-session', `--session-id=${id}`]],
];

test.each(sessions)('both CLIs are told the session %j', (session, expected) => {
  for (const provider of [claude, grok]) {
    const { argv } = provider.command({ ...launch, session });
    expect(argv.filter((argument) => /^--(session-id|resume|fork-session)/.test(argument))).toEqual(expected);
  }
});

test('a prompt is on no command line', () => {
  const prompt = '-x a prompt';
  const [one, other] = [claude, grok].map((provider) => provider.command({ ...launch, prompt }));
  expect(one?.stdin).toBe(prompt);
  expect(other?.files).toEqual({ '/t/prompt.txt': prompt });
  expect([...(one?.argv ?? []), ...(other?.argv ?? [])].filter((argument) => argument.includes(prompt))).toEqual([]);
});

test('a prompt to a CLI that asks is a line of its stdin', () => {
  const prompt = '/cost';
  const [one, other] = [claude, grok].map((provider) =>
    provider.command({ ...launch, prompt, options: { permissionMode: 'ask' } }),
  );
  expect(one?.dialogue?.opening).toEqual(['{"type":"user","message":{"role":"user","content":"\\n/cost"}}']);
  expect(other?.argv).toEqual(['/bin/cli', 'agent', '--no-leader', '--agent-profile=/t/agent.md', 'stdio']);
  expect([one?.stdin, other?.stdin]).toEqual([undefined, undefined]);
});

test('a run that does not ask has no dialogue', () => {
  for (const provider of [claude, grok]) expect(provider.command(launch).dialogue).toBe(undefined);
});

test('long texts are in files', () => {
  const options = {
    systemPrompt: 'S',
    appendSystemPrompt: 'A',
    agents,
    mcpServers: { s: { url: 'http://s' }, l: { command: 'x' } },
  };
  expect(claude.command({ ...launch, options }).files).toEqual({
    '/t/system-prompt.txt': 'S',
    '/t/append-system-prompt.txt': 'A',
    '/t/agents.json': JSON.stringify(agents),
    '/t/mcp.json': '{"mcpServers":{"s":{"type":"http","url":"http://s"},"l":{"command":"x"}}}',
  });
});

test('model traffic goes to the gate with the token of the run', () => {
  expect(claude.command(launch).env).toMatchObject({
    ANTHROPIC_BASE_URL: 'http://127.0.0.1:8787/gate/x',
    ANTHROPIC_API_KEY: 'a-token-of-one-run',
    NO_PROXY: '127.0.0.1',
  });
  expect(grok.command(launch).env).toMatchObject({
    GROK_XAI_API_BASE_URL: 'http://127.0.0.1:8787/gate/x/v1',
    XAI_API_KEY: 'a-token-of-one-run',
    GROK_HOME: '/h/.grok',
    NO_PROXY: '127.0.0.1',
  });
});

const J = '\u2060';
const prompts: [string, string, string][] = [
  ['/cost', '\n/cost', `${J}/cost`],
  [' \n/cost', '\n \n/cost', ` \n${J}/cost`],
  ['read /etc/hosts', 'read /etc/hosts', 'read /etc/hosts'],
  ['@notes', '@notes', `@${J}notes`],
  ['  @ notes', '  @ notes', `  @${J} notes`],
  ['see @src/main.rs, (@ ./a)', 'see @src/main.rs, (@ ./a)', `see @${J}src/main.rs, (@${J} ./a)`],
  ['me@example.org', 'me@example.org', 'me@example.org'],
  ['x\n@Override\nvoid f()', 'x\n@Override\nvoid f()', 'x\n@Override\nvoid f()'],
];

test.each(prompts)('the prompt %j names neither a command nor a file', (prompt, toClaude, toGrok) => {
  expect(claude.command({ ...launch, prompt }).stdin).toBe(toClaude);
  expect(Object.values(grok.command({ ...launch, prompt }).files ?? {})).toEqual([toGrok]);
});

const KNOWN_PATHS = ['lib/a.txt', 'notes', '/etc/hosts', 'src/'];
const mentions: [string, string][] = [
  ['npm i @types/node; import x from "@/lib/a"', 'npm i @types/node; import x from "@/lib/a"'],
  ['@scope/package', '@scope/package'],
  ['see @lib/a.txt.', `see @${J}lib/a.txt.`],
  ['(@lib/a.txt:3-9)', `(@${J}lib/a.txt:3-9)`],
  ['@ notes', `@${J} notes`],
  ['@/etc/hosts, @/etc/host', `@${J}/etc/hosts, @/etc/host`],
  ['use @src/*.ts', `use @${J}src/*.ts`],
  ['read @"lib/my file.txt" and @lib/my\\ file.txt', `read @${J}"lib/my file.txt" and @${J}lib/my\\ file.txt`],
];

test.each(mentions)('the prompt %j is changed only before a path that exists', (prompt, expected) => {
  const { files } = grok.command({ ...launch, prompt, isPath: (path) => KNOWN_PATHS.includes(path) });
  expect(Object.values(files ?? {})).toEqual([expected]);
});

test('a long prompt of blanks and signs takes no long time', () => {
  const began = performance.now();
  for (const unit of ['@', ' ', '@ ', '/@', 'x@.'])
    for (const provider of [claude, grok]) provider.command({ ...launch, prompt: unit.repeat(500_000) });
  expect(performance.now() - began).toBeLessThan(30_000);
});

const opened: [Provider, string, string, boolean][] = [
  [claude, 'POST', '/v1/messages', true],
  [claude, 'POST', '/v1/messages/count_tokens', true],
  [claude, 'HEAD', '/api/hello', true],
  [claude, 'POST', '/v1/messages/batches', false],
  [claude, 'GET', '/v1/files', false],
  [grok, 'POST', '/v1/responses', true],
  [grok, 'GET', '/v1/models', true],
  [grok, 'GET', '/v1/api-key', true],
  [grok, 'GET', '/', true],
  [grok, 'POST', '/v1/images/generations', false],
  [grok, 'DELETE', '/v1/responses', false],
];

test.each(opened)('the gate of $id: %s %s is open: %s', (provider, method, path, expected) => {
  expect(provider.service.paths.some((allowed) => allowed.method === method && allowed.path.test(path))).toBe(expected);
});
