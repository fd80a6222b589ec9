import { connect, type McpClient } from '../helpers/mcp-client.ts';
import { type Attack, heldIf } from './attack.ts';
import { type Rig, shellPrompt } from './rig.ts';

/** A finished job of the owner, and a client of another account. */
async function pair(rig: Rig) {
  const { job } = await rig.owner.call('claude_request', {
    prompt: '[mock:text the owner has a secret]',
    workspace: 'shared',
    syncDeadlineMs: 60_000,
  });
  if (!job) throw new Error('the owner has no job');
  const other = await connect(rig.gateway.url, await rig.otherToken());
  return { job, other };
}

/** A row in which another account makes calls about a job of the owner. Nothing of it may be in the answers. */
const about = (
  name: string,
  calls: (client: McpClient, job: { id: string; sessionId?: string | undefined }) => Promise<unknown>,
): Attack => ({
  attacker: 'other account',
  name,
  run: async (rig) => {
    const { job, other } = await pair(rig);
    try {
      const answer = JSON.stringify(await calls(other, job).catch((error: unknown) => String(error)));
      const isOk = /"ok":true/.test(answer) && !/"jobs":\[\]/.test(answer);
      return heldIf(answer.includes('the owner has a secret') || isOk ? answer.slice(0, 500) : '');
    } finally {
      await other.close();
    }
  },
});

const READS = ['llm_job_status', 'llm_job_watch', 'llm_job_result', 'llm_job_cancel', 'llm_job_delete'];

/** What a person with an account of their own tries against the owner's. */
export const otherAccount: Attack[] = [
  ...READS.map((tool) => about(`use ${tool} on a job of the owner`, ({ call }, { id }) => call(tool, { jobId: id }))),
  about('find a job of the owner in its list', ({ call }) => call('llm_job_list', {})),
  about('read a job of the owner as a resource', ({ client }, { id }) => client.readResource({ uri: `job://${id}/result` })),
  about('continue a conversation of the owner', ({ call }, { sessionId }) =>
    call('claude_request', { prompt: 'what did you say?', sessionId, syncDeadlineMs: 0 }),
  ),
  about('grant itself the permission to administer', ({ call }) => call('policy_set', { policy: 'open' })),
  {
    attacker: 'other account',
    name: 'read a file that the owner has in a workspace of the same name',
    run: async (rig) => {
      await rig.outputOf({ script: 'echo swordfish > secret.txt', args: { ...rig.permitted.claude, workspace: 'same' } });
      const other = await connect(rig.gateway.url, await rig.otherToken());
      try {
        const { answer } = await other.call('claude_request', {
          prompt: shellPrompt('cat secret.txt'),
          workspace: 'same',
          syncDeadlineMs: 60_000,
        });
        return heldIf(answer?.text.includes('swordfish') ? answer.text : '');
      } finally {
        await other.close();
      }
    },
  },
  {
    attacker: 'other account',
    name: 'choose the policy open, which its operator does not allow',
    run: async (rig) => {
      const other = await connect(rig.gateway.url, await rig.otherToken());
      try {
        const { error } = await other.call('claude_request', {
          prompt: 'x',
          permissionMode: 'bypassPermissions',
          syncDeadlineMs: 0,
        });
        return heldIf(error?.code === 'policy_denied' ? '' : JSON.stringify(error));
      } finally {
        await other.close();
      }
    },
  },
];
