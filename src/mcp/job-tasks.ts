import { isoTime } from '../clock.ts';
import { DAY_MS } from '../config.ts';
import { ok } from '../errors.ts';
import type { State } from '../job/machine.ts';
import type { JobView } from '../job/record.ts';
import { type Call, ownJob } from './call.ts';
import { approvalsOfJob, decideByForm, formsOf } from './elicitation.ts';
import { METHOD_TOOL } from './methods.ts';
import { authorizeMethod, recordDelivery } from './perform.ts';
import { maxResultChars } from './result/fit.ts';
import { progressLine } from './result/render.ts';
import type { Task, TaskSource } from './tasks.ts';
import { envelopeOf, toolResult } from './tool.ts';
import { answerOf } from './tools/answer.ts';

/** Time between two polls of a task that clients are asked to keep, in ms. */
const POLL_INTERVAL_MS = 2_000;

/** A failed job is a completed task whose result is an error, because `failed` is for errors of the protocol. */
const STATUS = {
  held: 'working',
  queued: 'working',
  running: 'working',
  completed: 'completed',
  failed: 'completed',
  canceled: 'cancelled',
  orphaned: 'completed',
} as const satisfies Record<State, Task['status']>;

/** A job as a task, without its result. If it waits for an approval and the client supports forms, the task requires input. */
export async function taskOf(job: JobView, call: Call): Promise<Task> {
  const inputRequests = call.client.supportsForms ? formsOf(await approvalsOfJob(job, call)) : {};
  const isInputRequired = Object.keys(inputRequests).length > 0;
  return {
    taskId: job.id,
    status: isInputRequired ? 'input_required' : STATUS[job.state],
    statusMessage: progressLine(job),
    createdAt: isoTime(job.createdAt),
    lastUpdatedAt: isoTime(job.finishedAt ?? job.lastActivityAt ?? job.startedAt ?? job.createdAt),
    ttlMs: call.config.limits.retentionDays * DAY_MS,
    pollIntervalMs: POLL_INTERVAL_MS,
    ...(isInputRequired && { inputRequests }),
  };
}

/** The caller's jobs as tasks: the id of a task is the id of its job. */
export function jobTasks(call: Call): TaskSource {
  const { limits } = call.config;
  const find = async (taskId: string) => {
    const found = await ownJob(call, taskId).status(0, 0);
    if (!found?.ok) return undefined;
    const task = await taskOf(found.value.job, call);
    if (task.status !== 'completed') return task;
    const text = await ownJob(call, taskId).text('answer', 0, limits.resultPageChars);
    if (!text) return undefined;
    const answer = text.ok ? ok(answerOf(text.value, maxResultChars(limits))) : text;
    if (answer.ok) await recordDelivery(answer.value, call);
    return { ...task, result: toolResult(envelopeOf(answer), limits) };
  };
  return {
    get: (taskId) => authorizeMethod(METHOD_TOOL['tasks/get'], { jobId: taskId }, call, () => find(taskId)),
    cancel: async (taskId) => {
      const canceled = async () => (await ownJob(call, taskId).cancel()) ?? undefined;
      return (await authorizeMethod(METHOD_TOOL['tasks/cancel'], { jobId: taskId }, call, canceled)) !== undefined;
    },
    answer: async (taskId, answers) => {
      const found = await ownJob(call, taskId).status(0, 0);
      if (!found?.ok) return false;
      const approvals = call.client.supportsForms ? await approvalsOfJob(found.value.job, call) : [];
      // The person behind a client decides on approvals that this client requested, and on no others.
      const own = approvals.filter((approval) => approval.call.grant === call.caller.grant);
      for (const { id } of own) await decideByForm(id, answers, call);
      return true;
    },
  };
}
