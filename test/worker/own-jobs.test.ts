import { expect, test } from 'vitest';
import { z } from 'zod';
import type { Caller } from '../../src/caller.ts';
import type { PolicyInput } from '../../src/policy/document.ts';
import { answer, ended } from './helpers/jobs.ts';
import { callTool, post, setPolicy, someone } from './helpers/post.ts';

/** Two connections of one account, the second of which is to be restricted. */
function two(): { other: Caller; restricted: Caller } {
  const other = someone('jobs:read', 'jobs:run', 'admin');
  return { other, restricted: { ...other, grant: 'restricted' } };
}

/** A job of a caller that ended, with its session. */
async function finishedJob(caller: Caller, args: Record<string, unknown> = {}) {
  const prompt = JSON.stringify([answer(crypto.randomUUID())]);
  const { job } = await callTool(caller, 'claude_request_async', { prompt, ...args });
  const id = job?.id ?? '';
  return { id, sessionId: (await ended({ ...caller, id })).sessionId ?? '' };
}

const OWN = { path: 'job.own', op: 'eq', value: true } as const;
/** A document that restricts a connection to its own jobs, and lets it remove them. */
const DOCUMENT: PolicyInput = {
  version: '1',
  default: 'allow',
  tools: { 'llm_job_*': { require: [OWN] }, approval_list: { require: [OWN] } },
};
const POLICIES: Record<string, PolicyInput | string> = { 'a document': DOCUMENT, 'the preset own-jobs': 'own-jobs' };

const READING = ['llm_job_status', 'llm_job_watch', 'llm_job_result'];

test.each(Object.keys(POLICIES))(
  'under %s a connection reads its own jobs, and the jobs of another one are refused like unknown ones',
  async (name) => {
    const { other, restricted } = two();
    const [own, foreign] = [await finishedJob(restricted), await finishedJob(other)];
    await setPolicy(restricted, POLICIES[name] ?? '');
    for (const tool of [...READING, 'llm_job_cancel', 'llm_job_delete']) {
      const [refused, unknown] = [foreign.id, 'job_0'].map((jobId) => callTool(restricted, tool, { jobId }));
      expect((await refused)?.error, tool).toMatchObject({ code: 'policy_denied', message: expect.stringContaining('job.own') });
      expect((await unknown)?.error, tool).toEqual((await refused)?.error);
    }
    for (const tool of READING) expect((await callTool(restricted, tool, { jobId: own.id })).ok, tool).toBe(true);
    for (const kind of ['result', 'events']) {
      const read = (id: string) => post(restricted, 'resources/read', { uri: `job://${id}/${kind}` });
      expect((await read(foreign.id)).error?.message).toContain('job.own');
      expect((await read(own.id)).error).toBeUndefined();
    }
  },
);

test('a connection that may remove its own jobs alone removes them, and the job of another one stays', async () => {
  const { other, restricted } = two();
  const [own, foreign] = [await finishedJob(restricted), await finishedJob(other)];
  await setPolicy(restricted, DOCUMENT);
  for (const jobId of [own.id, foreign.id]) await callTool(restricted, 'llm_job_delete', { jobId });
  expect((await callTool(other, 'llm_job_status', { jobId: own.id })).error?.code).toBe('job_not_found');
  expect((await callTool(other, 'llm_job_status', { jobId: foreign.id })).ok).toBe(true);
});

const Listed = z.object({ resources: z.array(z.object({ name: z.string() })) });

test.each(Object.keys(POLICIES))('under %s lists show what the connection itself requested', async (name) => {
  const { other, restricted } = two();
  const [own, foreign] = [await finishedJob(restricted), await finishedJob(other)];
  const held = async (caller: Caller) => {
    await setPolicy(caller, { version: '1', default: 'allow', tools: { llm_job_delete: { action: 'require_approval' } } });
    return (await callTool(caller, 'llm_job_delete', { jobId: 'job_0' })).error?.approvalId;
  };
  const [heldOfOther, heldOfRestricted] = [await held(other), await held(restricted)];
  const shown = async () => ({
    jobs: (await callTool(restricted, 'llm_job_list')).jobs?.map(({ id }) => id).toSorted(),
    resources: Listed.parse((await post(restricted, 'resources/list', {})).result)
      .resources.map(({ name: id }) => id)
      .toSorted(),
    approvals: (await callTool(restricted, 'approval_list')).approvals?.map(({ id }) => id),
  });
  const all = [own.id, foreign.id].toSorted();
  expect(await shown()).toEqual({ jobs: all, resources: all, approvals: [heldOfRestricted, heldOfOther] });
  await setPolicy(restricted, POLICIES[name] ?? '');
  expect(await shown()).toEqual({ jobs: [own.id], resources: [own.id], approvals: [heldOfRestricted] });
});

test('under own-jobs a connection continues its own conversations alone', async () => {
  const { other, restricted } = two();
  const workspace = 'shared';
  const [own, foreign] = [await finishedJob(restricted, { workspace }), await finishedJob(other, { workspace })];
  await setPolicy(restricted, 'own-jobs');
  const request = async (args: Record<string, unknown>) =>
    (await callTool(restricted, 'claude_request_async', { prompt: '[]', ...args })).error?.rule ?? 'admitted';
  const rule = expect.stringMatching(/^tools\.claude_request_async\.deny_if/);
  expect(await request({ sessionId: own.sessionId })).toBe('admitted');
  expect(await request({ sessionId: crypto.randomUUID(), createNewSession: true })).toBe('admitted');
  for (const sessionId of [foreign.sessionId, crypto.randomUUID()]) {
    expect(await request({ sessionId })).toEqual(rule);
    expect(await request({ sessionId, forkSession: true })).toEqual(rule);
  }
  expect(await request({ continueSession: true, workspace })).toEqual(rule);
  // A conversation that another connection has continued holds what that one said.
  await finishedJob(other, { sessionId: own.sessionId });
  expect(await request({ sessionId: own.sessionId })).toEqual(rule);
});

test('policy_test decides with the jobs of its target', async () => {
  const { other, restricted } = two();
  const [own, foreign] = [await finishedJob(restricted), await finishedJob(other)];
  const tried = async (jobId: string) => {
    const args = { tool: 'llm_job_status', arguments: { jobId }, target: restricted.grant, policy: DOCUMENT };
    return (await callTool(other, 'policy_test', args)).decision?.decision;
  };
  expect([await tried(own.id), await tried(foreign.id)]).toEqual(['allow', 'deny']);
});
