import { DAY_MS } from '../config.ts';
import type { State } from '../job/machine.ts';
import type { JobView } from '../job/record.ts';
import { type Call, ownJob } from './call.ts';
import { decideByForm, formsOf, questionsOf } from './elicitation.ts';
import { demand } from './perform.ts';
import { progressLine } from './render.ts';
import type { Task, TaskSource } from './tasks.ts';
import { envelopeOf, toolResult } from './tool.ts';
import { answerOf } from './tools/request.ts';

/** Polls of a task are meant to be this far apart, in ms. */
const POLL_INTERVAL_MS = 2_000;

/** A job that failed has a result, which says so: `failed` is for errors of the protocol. */
const STATUS = {
  held: 'working',
  queued: 'working',
  running: 'working',
  completed: 'completed',
  failed: 'completed',
  canceled: 'cancelled',
  orphaned: 'completed',
} as const satisfies Record<State, Task['status']>;

const iso = (ms: number) => new Date(ms).toISOString();

/** A job as a task, without its result. Where it waits for a person and the client shows forms, it asks. */
export async function taskOf(job: JobView, call: Call): Promise<Task> {
  const inputRequests = call.elicits ? formsOf(await questionsOf(job, call)) : {};
  const asks = Object.keys(inputRequests).length > 0;
  return {
    taskId: job.id,
    status: asks ? 'input_required' : STATUS[job.state],
    statusMessage: progressLine(job),
    createdAt: iso(job.createdAt),
    lastUpdatedAt: iso(job.finishedAt ?? job.lastActivityAt ?? job.startedAt ?? job.createdAt),
    ttlMs: call.config.limits.retentionDays * DAY_MS,
    pollIntervalMs: POLL_INTERVAL_MS,
    ...(asks && { inputRequests }),
  };
}

/** The caller's jobs as tasks: the id of a task is the id of its job. */
export function jobTasks(call: Call): TaskSource {
  const find = async (taskId: string) => {
    const found = await ownJob(call, taskId).status(0, 0);
    if (!found?.ok) return undefined;
    const task = await taskOf(found.value.job, call);
    if (task.status !== 'completed') return task;
    const text = await ownJob(call, taskId).text('answer', 0, call.config.limits.resultPageChars);
    if (!text) return undefined;
    return { ...task, result: toolResult(envelopeOf(text.ok ? { ok: true, value: answerOf(text.value) } : text)) };
  };
  return {
    get: (taskId) => demand('llm_job_status', { jobId: taskId }, call, () => find(taskId)),
    cancel: async (taskId) => {
      const canceled = async () => (await ownJob(call, taskId).cancel()) ?? undefined;
      return (await demand('llm_job_cancel', { jobId: taskId }, call, canceled)) !== undefined;
    },
    answer: async (taskId, answers) => {
      const found = await ownJob(call, taskId).status(0, 0);
      if (!found?.ok) return false;
      const questions = await questionsOf(found.value.job, call);
      // A task's person answers what that very client asked, and nothing else.
      const own = questions.filter((question) => call.elicits && question.call.grant === call.caller.grant);
      for (const { id } of own) await decideByForm(id, answers, call);
      return true;
    },
  };
}
