import { setTimeout as sleep } from 'node:timers/promises';
import type { Envelope } from '../../src/mcp/result/envelope.ts';
import { readText } from '../helpers/mcp-client.ts';
import type { PlannedJob } from './plan.ts';
import { count, type EndedJob, type Trial } from './trial.ts';

const RETRY_MS = 150;
const WATCH_MS = 4_000;
/** Longest call, in ms; a stalled call is repeated. */
const CALL_MS = 15_000;
const JOB_MAX_MS = 150_000;

const orUndefined = <T>(promise: Promise<T>): Promise<T | undefined> => promise.catch(() => undefined);

/** Repeats a call until it answers; a retryable failure is not an answer. */
async function callUntilAnswered({ rig }: Trial, tool: string, args: Record<string, unknown>): Promise<Envelope> {
  const until = Date.now() + JOB_MAX_MS;
  while (Date.now() < until) {
    const answer = await orUndefined(rig.call(tool, args, { signal: AbortSignal.timeout(CALL_MS) }));
    if (answer && (answer.job || !answer.error?.retryable)) return answer;
    await sleep(RETRY_MS);
  }
  throw new Error(`${tool} ${JSON.stringify(args).slice(0, 100)} was not answered within ${JOB_MAX_MS} ms`);
}

const argumentsOf = ({ script }: PlannedJob) => ({
  prompt: JSON.stringify(script),
  idempotencyKey: script.key,
  correlationId: script.key,
});

/** Submits a job in the way of its fault. Returns the ids of the resulting jobs. */
async function submit(trial: Trial, planned: PlannedJob): Promise<string[]> {
  const tool = `${planned.provider}_request_async`;
  const args = argumentsOf(planned);
  if (planned.fault === 'client-gone')
    await orUndefined(trial.rig.call(`${planned.provider}_request`, args, { signal: AbortSignal.timeout(planned.atMs + 1) }));
  const times = planned.fault === 'submit-twice' ? 2 : 1;
  const answers = await Promise.all(Array.from({ length: times }, () => callUntilAnswered(trial, tool, args)));
  const failed = answers.find(({ job }) => !job);
  if (failed) throw new Error(`${planned.script.key} was refused: ${JSON.stringify(failed.error)}`);
  return [...new Set(answers.map(({ job }) => job?.id ?? ''))];
}

/** Makes a job's fault while the job is followed. */
async function disturb(trial: Trial, { fault, atMs }: PlannedJob, jobId: string): Promise<void> {
  await sleep(atMs);
  if (fault === 'cancel') await callUntilAnswered(trial, 'llm_job_cancel', { jobId });
  if (fault === 'job-crash') await orUndefined(trial.rig.crash('job', `owner/${jobId}`));
  if (fault === 'second-reader') {
    const after = trial.running.get(jobId) ?? 0;
    await orUndefined(trial.rig.askExecutor(`/runs/${jobId}/events?after=${after}&wait=0`).then((response) => response.text()));
  }
}

/** Waits for the end of a job. Returns it with the highest seq seen before. */
async function watch(trial: Trial, jobId: string) {
  const until = Date.now() + JOB_MAX_MS;
  for (let seenSeq = 0; Date.now() < until; ) {
    const { job } = await callUntilAnswered(trial, 'llm_job_watch', {
      jobId,
      afterSeq: seenSeq,
      limit: 1_000,
      waitMs: WATCH_MS,
      until: 'event',
    });
    if (!job) throw new Error(`${jobId} is missing`);
    const isOver = job.finishedAt !== undefined;
    trial.recovery.saw(jobId, job.lastSeq, isOver, job.finishedAt ?? Date.now());
    if (isOver) return { job, seenSeq };
    seenSeq = Math.max(seenSeq, job.lastSeq);
    if (job.state === 'running') trial.running.set(jobId, seenSeq);
  }
  return undefined;
}

/** Follows a job from its request and its fault to its end, and reads its output. */
export async function follow(trial: Trial, planned: PlannedJob): Promise<void> {
  const jobIds = await submit(trial, planned);
  const [jobId = ''] = jobIds;
  if (planned.fault !== 'none') count(trial.counts, planned.fault);
  const [watched] = await Promise.all([watch(trial, jobId), disturb(trial, planned, jobId)]);
  trial.running.delete(jobId);
  if (!watched) return void trial.notes.push(`${jobId} (${planned.script.key}) did not end`);
  const [stdout, stderr, answer] = await Promise.all(
    (['stdout', 'stderr', undefined] as const).map((raw) =>
      readText((tool, args) => callUntilAnswered(trial, tool, args), jobId, raw),
    ),
  );
  const ended: EndedJob = { planned, ...watched, jobIds, stdout: stdout ?? '', stderr: stderr ?? '', answer: answer ?? '' };
  trial.ended.push(ended);
}
