import { expect, test } from 'vitest';
import { readConfig } from '../../../src/config.ts';
import { toToolError } from '../../../src/errors.ts';
import { lenientArgs } from '../../../src/mcp/arguments/lenient.ts';
import { toolsFor } from '../../../src/mcp/tools/index.ts';
import { nearestTool } from '../../../src/nearest.ts';
import { KNOWN_TOOLS } from '../../../src/policy/tools.ts';

type Args = Record<string, unknown>;

const tools = toolsFor(readConfig({}).limits);
const toolOf = (name: string) => tools.get(name) ?? expect.fail(`${name} is missing`);
const meant = (name: string, args: Args) => lenientArgs(toolOf(name).input, args);

function complaint(name: string, args: Args): string {
  const read = toolOf(name).read(meant(name, args));
  return read.ok ? 'accepted' : toToolError(read.failure).message;
}

const servers = { s: { command: 'x' } };
const rows: [tool: string, given: Args, read: Args][] = [
  ['claude_request', { prompt: 'x', sessionId: null, workspace: '', maxBudgetUsd: null, promptParts: null }, { prompt: 'x' }],
  ['grok_request_async', { prompt: 'x', effort: '', allow: null, model: '' }, { prompt: 'x' }],
  ['claude_request', { prompt: 'x', title: null, correlationId: '' }, { prompt: 'x' }],
  ['claude_request', { promptParts: { task: 'x', system: null } }, { promptParts: { task: 'x' } }],
  ['claude_request', { prompt: 'x', maxTurns: '5', restricted: 'True' }, { prompt: 'x', maxTurns: 5, restricted: true }],
  [
    'grok_request',
    { prompt: 'x', alwaysApprove: 'true', maxBudgetUsd: '0.5' },
    { prompt: 'x', alwaysApprove: true, maxBudgetUsd: 0.5 },
  ],
  ['claude_request', { prompt: 'x', allowedTools: '["Bash(git *)"]' }, { prompt: 'x', allowedTools: ['Bash(git *)'] }],
  ['claude_request', { prompt: 'x', mcpServers: JSON.stringify(servers) }, { prompt: 'x', mcpServers: servers }],
  ['claude_request', { promptParts: '{"task":"x","tools":null}' }, { promptParts: { task: 'x' } }],
  ['claude_request', { prompt: 'x', autocompact: '150000' }, { prompt: 'x', autocompact: 150_000 }],
  ['claude_request', { prompt: 'x', correlationId: 7 }, { prompt: 'x', correlationId: '7' }],
  ['claude_request', { prompt: '5', model: '5' }, { prompt: '5', model: '5' }],
  ['claude_request', { prompt: 'x', toolCallId: 'call_1', chatInput: 'x', action: 'sendMessage' }, { prompt: 'x' }],
  ['llm_process_health', { toolCallId: 'call_1', tool: 'llm_process_health' }, {}],
  [
    'policy_test',
    { tool: 'claude_request', arguments: '{"prompt":"x"}', policy: null },
    { tool: 'claude_request', arguments: { prompt: 'x' } },
  ],
  ['policy_set', { policy: null, shadow: 'false' }, { policy: null, shadow: false }],
  ['llm_job_list', { cursor: 12, limit: '3', state: '' }, { cursor: '12', limit: 3 }],
  ['llm_job_list', { since: 1_790_000_000_000, until: null, query: '' }, { since: '1790000000000' }],
  ['approval_decide', { approvalId: 'a', approve: 'true', reason: null }, { approvalId: 'a', approve: true }],
];

test.each(rows)('%s reads %j as %j', (tool, given, read) => {
  expect(meant(tool, given)).toEqual(read);
  expect(complaint(tool, given)).toBe('accepted');
});

const refused: [tool: string, given: Args, said: RegExp][] = [
  ['llm_job_status', { jobId: null }, /^jobId: /],
  ['claude_request', { prompt: 'x', maxTurns: 'many' }, /^maxTurns: /],
  ['claude_request', { prompt: 'x', maxTurns: '0' }, /^maxTurns: .*>=1/],
  ['claude_request', { prompt: 'x', restricted: '1' }, /^restricted: /],
  ['claude_request', { prompt: 'x', allowedTools: 'Bash' }, /^allowedTools: /],
  ['claude_request', { prompt: 'x', sessionId: '5' }, /^sessionId: /],
  ['llm_job_list', { provider: 'codex' }, /^provider: .*"claude"\|"grok"/],
  ['list_models', { provider: 'codex' }, /^provider: .*"claude"\|"grok"/],
];

test.each(refused)('%s refuses %j', (tool, given, said) => {
  expect(complaint(tool, given)).toMatch(said);
});

const wrong: [tool: string, name: string, right: string][] = [
  ...['cwd', 'directory', 'working_dir', 'working_directory', 'path', 'folder'].map(
    (name) => ['claude_request', name, 'workingDir'] as const,
  ),
  ...['message', 'messages', 'input', 'query', 'task', 'instructions'].map((name) => ['grok_request', name, 'prompt'] as const),
  ...['timeout', 'timeout_ms', 'timeoutSeconds'].map((name) => ['claude_request', name, 'runTimeoutMs'] as const),
  ['llm_job_watch', 'timeout', 'waitMs'],
  ...['id', 'job_id', 'taskId', 'job'].map((name) => ['llm_job_result', name, 'jobId'] as const),
  ['approval_decide', 'id', 'approvalId'],
  ...['reasoningEffort', 'reasoning_effort', 'thinking'].map((name) => ['claude_request', name, 'effort'] as const),
  ['claude_request', 'alwaysApprove', 'may'],
  ['claude_request', 'yolo', 'may'],
  ['grok_request', 'dangerouslySkipPermissions', 'may'],
  ['claude_request', 'permissions', 'may'],
  ['claude_request', 'permission_mode', 'permissionMode'],
  ['claude_request', 'allow', 'allowedTools'],
  ['claude_request', 'deny', 'disallowedTools'],
  ['claude_request', 'resumeLatest', 'continueSession'],
  ['grok_request', 'continueSession', 'resumeLatest'],
  ['grok_request', 'continue', 'resumeLatest'],
  ['claude_request', 'conversationId', 'sessionId'],
  ['claude_request', 'max_budget_usd', 'maxBudgetUsd'],
  ['claude_request', 'budget', 'maxBudgetUsd'],
  ['claude_request', 'system', 'systemPrompt'],
  ['claude_request', 'responseFormat', 'jsonSchema'],
  ['claude_request', 'repo', 'workspace'],
  ['claude_request', 'wait', 'syncDeadlineMs'],
  ['llm_job_list', 'status', 'state'],
  ['llm_job_list', 'count', 'limit'],
  ...['search', 'text', 'keywords', 'q'].map((name) => ['llm_job_list', name, 'query'] as const),
  ['llm_job_list', 'after', 'since'],
  ['llm_job_list', 'from', 'since'],
  ['llm_job_list', 'before', 'until'],
  ['llm_job_list', 'conversation', 'sessionId'],
  ['llm_job_list', 'project', 'workspace'],
  ['grok_request', 'name', 'title'],
].map(([tool = '', name = '', right = '']) => [tool, name, right]);

test.each(wrong)('%s answers %s with %s', (tool, name, right) => {
  expect(complaint(tool, { [name]: 'x' })).toContain(`Unknown parameter "${name}". Did you mean "${right}"?`);
  expect(Object.keys(toolOf(tool).input.shape)).toContain(right);
});

const names = KNOWN_TOOLS.map(({ name }) => name);
test.each([
  ['claude_reqest', 'claude_request'],
  ['claude', 'claude_request'],
  ['ask_grok', 'grok_request'],
  ['job_status', 'llm_job_status'],
  ['cancel_job', 'llm_job_cancel'],
  ['list_jobs', 'llm_job_list'],
  ['mcp__gateway__llm_job_result', 'llm_job_result'],
  ['zzzzzzzzzzzz', undefined],
])('for the unknown tool %s the suggestion is %s', (unknown, known) => {
  expect(nearestTool(unknown, names)).toBe(known);
});
