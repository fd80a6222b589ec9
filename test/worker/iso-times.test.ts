import { expect, test } from 'vitest';
import { z } from 'zod';
import { readConfig } from '../../src/config.ts';
import { toolsFor } from '../../src/mcp/tools/index.ts';
import { timesIn } from '../helpers/times.ts';
import { answer, ended, say } from './helpers/jobs.ts';
import { callTool, post, setPolicy, someone } from './helpers/post.ts';

const Content = z.array(z.object({ text: z.string() }));
const prompt = JSON.stringify([say({ kind: 'text', text: 'hello' }), answer('done')]);
const policy = { version: '1', default: 'allow', tools: { grok_request_async: { action: 'require_approval' } } } as const;

type Args = Record<string, unknown>;
/** Ids that a call needs. */
interface Ids {
  jobId: string;
  approvalId: string;
}
const request = (): Args => ({ prompt, forceRefresh: true });
const job = ({ jobId }: Ids): Args => ({ jobId });

/** How each tool is called, the times that its answer must have, and whether its text shows them. */
const CALLS: Record<string, [args: (ids: Ids) => Args, times: string[]]> = {
  claude_request: [request, ['.job.createdAt', '.job.startedAt', '.job.finishedAt', '.job.lastActivityAt']],
  claude_request_async: [request, ['.job.createdAt']],
  grok_request: [request, ['.job.createdAt', '.job.finishedAt']],
  grok_request_async: [request, ['.job.createdAt', '.job.hold.expiresAt']],
  llm_job_status: [job, ['.job.createdAt', '.job.finishedAt', '.events.0.at']],
  llm_job_watch: [job, ['.job.createdAt', '.job.finishedAt', '.events.0.at']],
  llm_job_result: [job, ['.job.createdAt', '.job.finishedAt']],
  llm_job_cancel: [job, ['.job.createdAt', '.job.finishedAt']],
  llm_job_list: [() => ({}), ['.jobs.0.createdAt', '.jobs.1.finishedAt']],
  list_models: [() => ({}), []],
  llm_process_health: [() => ({}), []],
  approval_list: [() => ({}), ['.approvals.0.createdAt', '.approvals.0.expiresAt']],
  approval_decide: [
    ({ approvalId }) => ({ approvalId, approve: false }),
    ['.approval.createdAt', '.approval.expiresAt', '.approval.decidedAt', '.job.createdAt'],
  ],
  policy_set: [() => ({ target: 'token_x', policy }), ['.policies.0.changes.0.at']],
  policy_get: [() => ({ target: 'token_x' }), ['.policies.0.changes.0.at']],
  policy_test: [() => ({ tool: 'list_models' }), []],
  audit_list: [() => ({}), ['.audit.rows.0.at']],
  llm_job_delete: [job, ['.job.createdAt', '.job.finishedAt']],
};

/** Times that stand in the structure alone: the text says how long ago the last activity was, and a decided approval no longer expires. */
const UNTOLD = /lastActivityAt|\.approval\.expiresAt/;

test('every tool returns each of its times in ms and in ISO 8601, and shows them in its text', async () => {
  const caller = someone('jobs:read', 'jobs:run', 'admin', 'approvals:write');
  const decider = { ...caller, grant: 'decider' };
  for (const who of [caller, decider]) await setPolicy(who, policy);
  const { job: done } = await callTool(caller, 'claude_request', { prompt });
  const ids: Ids = { jobId: done?.id ?? '', approvalId: '' };
  await ended({ account: caller.account, id: ids.jobId });
  for (const [tool, [args, times]] of Object.entries(CALLS)) {
    const { result, job: made, error } = await callTool(tool === 'approval_decide' ? decider : caller, tool, args(ids));
    ids.approvalId = made?.hold?.approvalId ?? ids.approvalId;
    expect(error, tool).toBeUndefined();
    const found = timesIn(result?.structuredContent);
    expect(found.alone, tool).toEqual([]);
    expect(found.paired, tool).toEqual(expect.arrayContaining(times));
    const text = Content.parse(result?.content)
      .map((block) => block.text)
      .join('\n');
    const told = found.isoTimes.filter((_iso, index) => !UNTOLD.test(found.paired[index] ?? ''));
    for (const iso of told) expect(text, tool).toContain(iso);
  }
  expect(Object.keys(CALLS).sort()).toEqual([...toolsFor(readConfig({}).limits).keys()].sort());
});

test('the events of a job as a resource have their times in ISO 8601', async () => {
  const caller = someone('jobs:read', 'jobs:run');
  const { job: made } = await callTool(caller, 'claude_request', { prompt });
  const { result } = await post(caller, 'resources/read', { uri: `job://${made?.id}/events` });
  const [{ text }] = z.tuple([z.object({ text: z.string() })]).parse(result?.contents);
  const { paired, alone } = timesIn(text.split('\n').map((line) => JSON.parse(line)));
  expect({ paired: paired.length > 1, alone }).toEqual({ paired: true, alone: [] });
});

test('times inside data of callers and CLIs are returned unchanged', async () => {
  const caller = someone('jobs:read', 'jobs:run', 'admin');
  const agents = { a: { description: 'createdAt', prompt: 'x' } };
  const document = { ...policy, tools: { claude_request_async: { action: 'require_approval' } } } as const;
  await setPolicy(caller, document);
  const shape = { type: 'object', properties: { createdAt: { type: 'number' } }, createdAt: 1, at: 2 };
  const asked = await callTool(caller, 'claude_request_async', { prompt, agents, jsonSchema: shape });
  expect(asked.error).toBeUndefined();
  const { approvals } = await callTool(caller, 'approval_list');
  expect(approvals?.[0]?.args.jsonSchema).toEqual(shape);
  const { policies } = await callTool(caller, 'policy_set', { target: 'token_y', policy: document });
  expect(policies?.[0]?.policy).toEqual(document);
  const structured = { createdAt: 5, list: [{ at: 6 }] };
  const lines = say(
    { kind: 'answer', index: 0, part: 'structured', text: JSON.stringify(structured) },
    { kind: 'result', index: 0, isError: false, subtype: 'success', errors: [], models: [], denials: [], hasStructured: true },
  );
  const { answer: said } = await callTool(caller, 'claude_request', { prompt: JSON.stringify([lines]) });
  expect(said?.structured).toEqual(structured);
});
