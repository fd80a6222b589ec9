import { expect, test } from 'vitest';
import { Progress } from '../../../src/job/record.ts';
import { permittingRequest } from '../../../src/job/view/permitting.ts';

const sessionId = '2b2f0f5e-96f7-4f8e-b6e5-6a3b0d0c1a11';

interface Given {
  provider?: string;
  options?: Record<string, unknown>;
  tools?: string[];
  prompt?: string;
  state?: 'completed' | 'running';
}

function permitted({
  provider = 'claude',
  options = {},
  tools = ['Bash'],
  prompt = 'Run it.',
  state = 'completed',
}: Given): unknown {
  const denials = tools.map((tool) => ({ tool, input: 'npm test' }));
  const row = {
    spec: { provider, options, workspace: 'w', workingDir: 'sub' },
    progress: Progress.parse({ sessionId, denials }),
    state,
  };
  const found = permittingRequest(row, () => prompt);
  return found && JSON.parse(found);
}

const again = { prompt: 'Run it.', sessionId };
const offered: [what: string, given: Given, request: object][] = [
  ['a command', {}, { ...again, may: 'run' }],
  ['a command of Grok', { provider: 'grok', tools: ['run_terminal_command'] }, { ...again, may: 'run' }],
  ['a file outside the directory', { tools: ['Write'] }, { ...again, may: 'run' }],
  ['a file, by a run that may only read', { options: { may: 'read' }, tools: ['Write'] }, { ...again, may: 'edit' }],
  ['a command, by a run that may only read', { options: { may: 'read' }, tools: ['Write', 'Bash'] }, { ...again, may: 'run' }],
  [
    'a command beside other options',
    { options: { model: 'opus', maxTurns: 3 } },
    { ...again, model: 'opus', maxTurns: 3, may: 'run' },
  ],
  [
    'a command beside older permissions',
    { options: { permissionMode: 'acceptEdits', allowedTools: ['Bash(ls)'] } },
    { ...again, may: 'run' },
  ],
  ['a command beside a long option', { options: { systemPrompt: 'x'.repeat(600) } }, { ...again, may: 'run' }],
  [
    'a command, of a long prompt',
    { prompt: 'x'.repeat(2_001) },
    { prompt: expect.stringContaining('permitted now'), sessionId, may: 'run' },
  ],
  [
    'a command, where no conversation is kept',
    { options: { noSessionPersistence: true } },
    { prompt: 'Run it.', workspace: 'w', workingDir: 'sub', noSessionPersistence: true, may: 'run' },
  ],
];

test.each(offered)('after a denial of %s the next call permits it', (_what, given, request) => {
  expect(permitted(given)).toEqual(request);
});

const kept: [why: string, given: Given][] = [
  ['nothing was denied', { tools: [] }],
  ['the job runs', { state: 'running' }],
  ['an approver decides', { options: { permissionMode: 'ask' } }],
  ['a rule of the request denies', { options: { disallowedTools: ['Bash(rm *)'] } }],
  ['everything was permitted', { options: { may: 'run' } }],
  ['everything was permitted by its older name', { options: { dangerouslySkipPermissions: true } }],
  ['tools that run code are off', { options: { restricted: true } }],
  ['a long prompt has no conversation', { options: { noSessionPersistence: true }, prompt: 'x'.repeat(2_001) }],
  ['the provider has no permissions', { provider: 'parrot' }],
];

test.each(kept)('no call is offered where %s', (_why, given) => {
  expect(permitted(given)).toBeUndefined();
});
