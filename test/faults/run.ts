import { setTimeout as sleep } from 'node:timers/promises';
import { Health } from '../../container/protocol.ts';
import type { Delivery } from '../rig/link.ts';
import { openRig, type Rig } from '../rig/rig.ts';
import { follow } from './follow.ts';
import { makeFault } from './make.ts';
import { type Plan, type PlannedJob, planOf } from './plan.ts';
import { leftAfter } from './processes.ts';
import type { RecoveryTimes } from './recovery.ts';
import { type Leftovers, sumUp, type Zeros } from './result.ts';
import { leftDirectories } from './spooled.ts';
import { count, newTrial, type Trial } from './trial.ts';

/** Variables of the Worker that are lower than their defaults, so that some jobs wait. */
export const LIMITS = { RUNNING_PER_ACCOUNT: '8', RUNNING_PER_PROVIDER: '6' } as const;

/** Open jobs up to which more are submitted: fewer than the queue holds. */
const UNDER_WAY_MAX = 24;
/** Jobs that run before a fault is made, and the longest wait for them, in ms. */
const MIN_RUNNING = 3;
const START_MS = 5_000;
const SETTLE_MS = 40_000;
/** Longest wait for recovery before the next fault, in ms: longer than it takes to orphan a job. */
const RECOVER_MS = 16_000;
const STRAY_MS = 3_000;
const POLL_MS = 100;

export interface Outcome {
  zeros: Zeros;
  problems: string[];
  counts: Map<string, number>;
  states: Map<string, number>;
  recovery: RecoveryTimes[];
  ms: number;
  /** The state directory with the logs; removed on success. */
  state: string;
}

/** Decides on each delivery in order. */
function deliveriesOf({ puts, reads }: Plan, counts: Trial['counts']) {
  const seen = { puts: 0, reads: 0 };
  return (method: string, path: string): Delivery => {
    const kind = method === 'PUT' ? 'puts' : path.endsWith('/events') ? 'reads' : undefined;
    if (kind === undefined) return 'once';
    const list = kind === 'puts' ? puts : reads;
    const how = list[seen[kind] % list.length] ?? 'once';
    seen[kind] += 1;
    if (how !== 'once') count(counts, `${method.toLowerCase()}-${how}`);
    return how;
  };
}

/** Waits until `isTrue` returns true, up to `ms`. */
async function waitUntil(ms: number, isTrue: () => boolean): Promise<void> {
  for (const until = Date.now() + ms; !isTrue() && Date.now() < until; ) await sleep(POLL_MS);
}

/** Submits the jobs of each fault one fault early, and makes the fault while some jobs run. Resolves when all jobs have ended. */
async function playPlan(trial: Trial): Promise<void> {
  const { jobs, faults } = trial.plan;
  const underWay = new Set<Promise<void>>();
  const submit = (planned: PlannedJob) => {
    const done = follow(trial, planned).catch((error: unknown) => void trial.notes.push(String(error)));
    underWay.add(done);
    done.finally(() => underWay.delete(done));
  };
  jobs.filter(({ phase }) => phase === 0).forEach(submit);
  for (const [index, fault] of faults.entries()) {
    jobs.filter(({ phase }) => phase === index + 1).forEach(submit);
    await waitUntil(START_MS, () => trial.running.size >= Math.min(MIN_RUNNING, underWay.size));
    await sleep(fault.afterMs);
    await makeFault(trial, fault);
    if (!fault.isHasty) await waitUntil(RECOVER_MS, trial.recovery.isDone);
    while (underWay.size > UNDER_WAY_MAX) await Promise.race(underWay);
  }
  await Promise.all(underWay);
}

async function slotsOf({ call, askExecutor }: Rig): Promise<number> {
  const [{ health }, executor] = await Promise.all([call('llm_process_health', {}), askExecutor('/health')]);
  if (!health) throw new Error('no health');
  return health.running + health.queued + Health.parse(await executor.json()).running;
}

/** Waits until every slot is free and reports what is left. A new job must complete, too. */
async function leftoversOf(trial: Trial): Promise<Leftovers> {
  const { rig, plan } = trial;
  const until = Date.now() + SETTLE_MS;
  let slots = await slotsOf(rig);
  while (slots > 0 && Date.now() < until) {
    await sleep(POLL_MS);
    slots = await slotsOf(rig);
  }
  const script = { key: 'fresh', seed: 1, lines: 1, pauseMs: 0, answerLength: 1, bulkBytes: 0 };
  const fresh = await rig.call('claude_request', { prompt: JSON.stringify(script) });
  if (fresh.job?.state !== 'completed') trial.notes.push(`A fresh job ended as ${fresh.job?.state}`);
  const lists = await Promise.all(
    (['queued', 'running'] as const).map((state) => rig.call('llm_job_list', { state, limit: 100 })),
  );
  const unfinished = lists.reduce((sum, { jobs = [] }) => sum + jobs.length, 0);
  const isFresh = fresh.job?.state === 'completed' ? 0 : 1;
  const directories = leftDirectories(rig.executorState);
  return {
    unfinished,
    directories,
    slots: slots + isFresh,
    processes: await leftAfter(rig.tag, plan.jobs.length > 0 ? STRAY_MS : 0),
  };
}

/** Runs the plan of a seed and reports losses. Keeps the state directory if there are any. */
export async function runFaults(seed: number, jobs: number): Promise<Outcome> {
  const plan = planOf(seed, jobs);
  const counts: Trial['counts'] = new Map();
  const rig = await openRig(LIMITS, deliveriesOf(plan, counts));
  const began = Date.now();
  let isClean = false;
  try {
    const trial = newTrial(rig, plan, counts);
    await playPlan(trial);
    const { zeros, problems } = sumUp(trial, await leftoversOf(trial));
    isClean = problems.length === 0 && Object.values(zeros).every((figure) => figure === 0);
    const states = new Map<string, number>();
    for (const { job } of trial.ended) count(states, job.state);
    return { zeros, problems, counts, states, recovery: trial.recovery.figures(), ms: Date.now() - began, state: rig.state };
  } finally {
    await rig.stop(isClean);
  }
}
