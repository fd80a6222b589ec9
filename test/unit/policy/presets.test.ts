import { expect, test } from 'vitest';
import { evaluate } from '../../../src/policy/evaluate.ts';
import { PRESETS, type PresetName } from '../../../src/policy/presets.ts';
import { RISKS } from '../../../src/policy/risk.ts';
import { KNOWN_TOOLS } from '../../../src/policy/tools.ts';

type Outcome = 'pass' | 'deny' | 'ask';

function outcome(preset: PresetName, tool: string, args: Record<string, unknown> = {}): Outcome {
  const verdict = evaluate(PRESETS[preset].policy, { tool, args });
  if (verdict.kind !== 'pass') return 'deny';
  return verdict.approvals.length > 0 ? 'ask' : 'pass';
}

const rows: [tool: string, args: Record<string, unknown>, readOnly: Outcome, careful: Outcome, open: Outcome][] = [
  ['llm_job_status', {}, 'pass', 'pass', 'pass'],
  ['audit_list', {}, 'pass', 'pass', 'pass'],
  ['claude_request', {}, 'deny', 'pass', 'pass'],
  ['grok_request_async', {}, 'deny', 'pass', 'pass'],
  ['approval_decide', {}, 'deny', 'pass', 'pass'],
  ['llm_job_cancel', {}, 'deny', 'ask', 'pass'],
  ['llm_job_delete', {}, 'deny', 'ask', 'pass'],
  ['policy_set', {}, 'deny', 'ask', 'pass'],
  ['session_clear_all', {}, 'deny', 'deny', 'pass'],
  ['claude_request', { permissionMode: 'acceptEdits' }, 'deny', 'pass', 'pass'],
  ['claude_request', { permissionMode: 'bypassPermissions' }, 'deny', 'deny', 'pass'],
  ['claude_request_async', { dangerouslySkipPermissions: true }, 'deny', 'deny', 'pass'],
  ['claude_request', { addDir: ['..'] }, 'deny', 'deny', 'pass'],
  ['claude_request', { settingSources: 'project' }, 'deny', 'deny', 'pass'],
  ['claude_request', { mcpServers: {} }, 'deny', 'deny', 'pass'],
  ['claude_request', { may: 'edit' }, 'deny', 'pass', 'pass'],
  ['claude_request', { may: 'run' }, 'deny', 'deny', 'pass'],
  ['grok_request_async', { may: 'run' }, 'deny', 'deny', 'pass'],
  ['claude_request', { allowedTools: ['Bash'] }, 'deny', 'deny', 'pass'],
  ['claude_request', { allowedTools: ['Read, Bash'] }, 'deny', 'deny', 'pass'],
  ['claude_request', { allowedTools: ['Read', 'Grep'] }, 'deny', 'pass', 'pass'],
  ['grok_request', { allow: ['Bash(git *)'] }, 'deny', 'deny', 'pass'],
  ['grok_request', { allow: ['Read'] }, 'deny', 'pass', 'pass'],
  ['grok_request', { alwaysApprove: true }, 'deny', 'deny', 'pass'],
  ['grok_request', { permissionMode: 'bypassPermissions' }, 'deny', 'deny', 'pass'],
];

test.each(rows)('%s %j: read-only %s, careful %s, open %s', (tool, args, readOnly, careful, open) => {
  expect([outcome('read-only', tool, args), outcome('careful', tool, args), outcome('open', tool, args)]).toEqual([
    readOnly,
    careful,
    open,
  ]);
});

test('own-jobs is careful for the own jobs of a connection, and refuses every call about another one', () => {
  for (const { name: tool } of KNOWN_TOOLS) {
    const verdictOf = (preset: PresetName, own?: boolean) => evaluate(PRESETS[preset].policy, { tool, args: {}, job: { own } });
    expect(verdictOf('own-jobs', false), tool).toMatchObject({ kind: 'deny' });
    const expected = tool === 'audit_list' ? expect.objectContaining({ kind: 'deny' }) : verdictOf('careful');
    for (const own of [true, undefined]) expect(verdictOf('own-jobs', own), tool).toEqual(expected);
  }
});

test('careful lets a grant make 10 requests a minute, whatever the provider', () => {
  const charged = ['claude_request', 'claude_request_async', 'grok_request', 'grok_request_async'].map((tool) =>
    evaluate(PRESETS.careful.policy, { tool, args: {} }),
  );
  for (const verdict of charged)
    expect(verdict).toMatchObject({ charges: [{ counter: 'requests', scope: 'grant', windowS: 60, max: 10, amount: 1 }] });
});

test('read-only passes these tools and no other', () => {
  const passed = KNOWN_TOOLS.map(({ name }) => name).filter((tool) => outcome('read-only', tool) === 'pass');
  expect(passed).toEqual([
    ...['llm_job_status', 'llm_job_watch', 'llm_job_result', 'llm_job_list', 'list_models', 'llm_process_health'],
    ...['approval_list', 'policy_get', 'policy_test', 'audit_list'],
  ]);
});

test('a client is told which tools change something, cannot be repeated, or reach beyond the gateway', () => {
  const told = Object.entries(RISKS).map(([risk, { hints }]) => {
    const holding = Object.entries(hints).flatMap(([hint, holds]) => (holds ? [hint] : []));
    return `${risk}: ${holding.join(' ')}`;
  });
  expect(told).toEqual([
    'read: readOnlyHint idempotentHint',
    'write: idempotentHint',
    'execute: destructiveHint openWorldHint',
    'destructive: destructiveHint idempotentHint',
  ]);
});
