import { type Attack, heldIf } from './attack.ts';
import { mcpCall, send } from './http.ts';
import { shellPrompt } from './rig.ts';

const CAREFUL = ['jobs:read', 'jobs:run'];

/** Codes with which the gateway refuses a call because of its arguments or its policy. */
const REFUSALS = ['policy_denied', 'invalid_input'];

/** A row in which a connection under `careful` makes a call that the gateway has to refuse. */
const careful = (name: string, tool: string, args: Record<string, unknown>): Attack => ({
  attacker: 'restricted connection',
  name,
  run: async (rig) => {
    const { call } = await rig.clientWith(CAREFUL, 'careful');
    const answer = await call(tool, { prompt: shellPrompt('id'), syncDeadlineMs: 0, ...args });
    return heldIf(REFUSALS.includes(answer.error?.code ?? '') ? '' : JSON.stringify(answer).slice(0, 500));
  },
});

const DANGEROUS: [what: string, tool: string, args: Record<string, unknown>][] = [
  ['bypass all permissions', 'claude_request', { permissionMode: 'bypassPermissions' }],
  ['skip permissions by another name', 'claude_request', { dangerouslySkipPermissions: true }],
  ['approve everything of Grok', 'grok_request', { alwaysApprove: true }],
  ['permit any command by a level', 'claude_request', { may: 'run' }],
  ['permit any command by a rule of Claude', 'claude_request', { allowedTools: ['Bash'] }],
  ['permit any command by a rule of Grok', 'grok_request', { allow: ['Bash'] }],
  ['hide a rule behind a harmless one', 'claude_request', { allowedTools: ['Read, Bash(*)'] }],
  ['start a program as an MCP server', 'claude_request', { mcpServers: { x: { command: 'sh', args: ['-c', 'id'] } } }],
  ['load settings of the workspace', 'claude_request', { settingSources: 'project' }],
  ['work in another directory', 'claude_request', { addDir: ['../..'] }],
  ['leave the workspace by its name', 'claude_request', { workspace: '../../other' }],
  ['leave the workspace by the working directory', 'claude_request', { workingDir: '../..' }],
  ['pass a flag as a value', 'claude_request', { model: '--dangerously-skip-permissions' }],
];

/** What a connection that may do little tries in order to do more. */
export const restrictedConnection: Attack[] = [
  ...DANGEROUS.map(([what, tool, args]) => careful(what, tool, args)),
  {
    attacker: 'restricted connection',
    name: 'change its own policy',
    run: async ({ clientWith }) => {
      const { call } = await clientWith([...CAREFUL, 'admin'], 'careful');
      const { error } = await call('policy_set', { policy: 'open' });
      return heldIf(error?.code === 'approval_required' ? '' : JSON.stringify(error));
    },
  },
  {
    attacker: 'restricted connection',
    name: 'approve its own request',
    run: async (rig) => {
      const { call } = await rig.clientWith([...CAREFUL, 'approvals:write'], 'careful');
      const held = await call('llm_job_delete', { jobId: 'job_0' });
      const decided = await call('approval_decide', { approvalId: held.error?.approvalId ?? '', approve: true });
      return heldIf(decided.error?.code === 'own_approval' ? '' : JSON.stringify({ held, decided }).slice(0, 500));
    },
  },
  {
    attacker: 'restricted connection',
    name: 'approve its own change of policy by a form',
    run: async ({ clientWith, origin }) => {
      const { token } = await clientWith([...CAREFUL, 'admin', 'approvals:write'], 'careful');
      const request = mcpCall(
        token,
        'policy_set',
        { policy: 'open' },
        { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'policy_set' },
      );
      const body = JSON.parse(request.body);
      body.params._meta = {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'x', version: '1' },
        'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
      };
      const { text } = await send(origin, '/mcp', { ...request, body: JSON.stringify(body) });
      return heldIf(text.includes('input_required') || !text.includes('approval_required') ? text.slice(0, 500) : '');
    },
  },
  {
    attacker: 'restricted connection',
    name: 'see, read, continue, cancel or delete a job of another connection, limited to its own',
    run: async (rig) => {
      const { jobId, output } = await rig.hostile({ script: 'echo swordfish' });
      if (output !== 'swordfish') throw new Error(`the other job said ${output}`);
      const sessionId = (await rig.owner.call('llm_job_status', { jobId })).job?.sessionId;
      const { call } = await rig.clientWith(CAREFUL, 'own-jobs');
      const tools = ['status', 'watch', 'result', 'cancel', 'delete'].map((what) => call(`llm_job_${what}`, { jobId }));
      const continued = [{}, { forkSession: true }].map((how) =>
        call('claude_request', { prompt: 'repeat it', sessionId, ...how }),
      );
      const answers = await Promise.all([...tools, ...continued]);
      const listed = [
        await call('llm_job_list', {}),
        await call('llm_job_list', { query: 'swordfish' }),
        await call('approval_list', {}),
      ];
      const isAllowed = answers.some(({ error }) => error?.code !== 'policy_denied') || JSON.stringify(listed).includes(jobId);
      return heldIf(isAllowed ? JSON.stringify([answers, listed]).slice(0, 500) : '');
    },
  },
  {
    attacker: 'restricted connection',
    name: 'use a tool beyond its scopes',
    run: async (rig) => {
      const { call } = await rig.clientWith(['jobs:read']);
      const answers = await Promise.all(
        [call('claude_request', { prompt: 'x' }), call('audit_list', {}), call('policy_get', {})].map((answer) =>
          answer.catch(() => ({ ok: false })),
        ),
      );
      return heldIf(answers.some(({ ok }) => ok) ? JSON.stringify(answers).slice(0, 500) : '');
    },
  },
  {
    attacker: 'restricted connection',
    name: 'create a token with more scopes than it has',
    run: async ({ clientWith, origin }) => {
      const { token } = await clientWith(CAREFUL);
      const made = await send(origin, '/api/tokens', {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: '{"name":"x","scopes":["admin"]}',
      });
      return heldIf(made.status === 403 ? '' : `${made.status} ${made.text}`);
    },
  },
  {
    attacker: 'restricted connection',
    name: 'read secrets in the arguments of calls that wait for approval',
    run: async (rig) => {
      const { call } = await rig.clientWith(
        CAREFUL,
        JSON.stringify({ version: '1', default: 'allow', tools: { claude_request_async: { action: 'require_approval' } } }),
      );
      await call('claude_request_async', { prompt: 'x', mcpServers: { db: { command: 'db', env: { PASSWORD: 'swordfish' } } } });
      const reader = await rig.clientWith(['jobs:read']);
      const shown = JSON.stringify(await reader.call('approval_list', { state: 'pending' }));
      return heldIf(shown.includes('swordfish') ? shown.slice(0, 500) : '');
    },
  },
];
