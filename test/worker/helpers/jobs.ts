import { env } from 'cloudflare:workers';
import type { JobIndex } from '../../../src/account/tables/jobs.ts';
import type { ToolCall } from '../../../src/account/tool-call.ts';
import type { Settlement } from '../../../src/job/finalize.ts';
import type { JobSpec } from '../../../src/job/record.ts';
import { JobStore } from '../../../src/job/store.ts';

/** One step of the scripted CLI; see test/fixtures/scripted-cli.mjs. */
export type Step = Record<string, unknown>;

const LIMITS = {
  idleTimeoutMs: 20_000,
  runTimeoutMs: 20_000,
  outputCapBytes: 1_000_000,
  outputTailBytes: 1_000,
  cancelGraceMs: 200,
};

/** Prints lines that the scripted provider reads as these items. */
export const say = (...items: object[]): Step => ({ write: items.map((item) => `items:${JSON.stringify([item])}\n`).join('') });

/** An answer in one piece, and the result that it belongs to. */
export const answer = (text: string, index = 0): Step =>
  say(
    { kind: 'answer', index, part: 'text', text },
    { kind: 'result', index, isError: false, subtype: 'success', errors: [], models: [], denials: [], hasStructured: false },
  );

/** A job that plays a script, under an account and an id of its own. */
export function specOf(steps: Step[], change: Partial<JobSpec> = {}): JobSpec {
  return {
    id: `job_${crypto.randomUUID()}`,
    account: `a${crypto.randomUUID()}`,
    provider: 'scripted',
    prompt: JSON.stringify(steps),
    options: {},
    session: { mode: 'new', id: crypto.randomUUID() },
    limits: LIMITS,
    ...change,
  };
}

type Address = Pick<JobSpec, 'account' | 'id'>;

export const jobOf = ({ account, id }: Address) => env.JOBS.getByName(`${account}/${id}`);

/** A gate that answers no run. */
export const CLOSED_GATE = { baseUrl: 'http://127.0.0.1:9', token: 'a-made-up-run-token' };

/** The store of a job that has its turn. */
export function admittedIn(storage: DurableObjectStorage, spec: JobSpec): JobStore {
  const store = new JobStore(storage);
  store.create(spec, CLOSED_GATE.token, 0);
  store.mark('admitted_at', 0);
  return store;
}

/** A call of a tool by a grant. */
export const callOf = (tool: string, args: Record<string, unknown> = {}, grant = 'g'): ToolCall => ({
  grant,
  client: 'a test',
  tool,
  args,
  digest: { hash: JSON.stringify(args), view: JSON.stringify(args) },
  origin: 'https://gateway.test',
});

/** Submits a job to its account, as the tools do. */
export async function submit(
  spec: JobSpec,
  change: {
    requestKey?: string;
    idempotencyKey?: string;
    forceRefresh?: boolean;
    reuseCompleted?: boolean;
    call?: ToolCall;
  } = {},
) {
  return env.ACCOUNTS.getByName(spec.account).submit({
    spec,
    call: callOf('claude_request'),
    runToken: 'a-made-up-run-token',
    requestKey: crypto.randomUUID(),
    forceRefresh: false,
    reuseCompleted: false,
    label: 'a test',
    ...change,
  });
}

/** Waits for the end of a job and gives it. */
export async function ended(spec: Address) {
  for (let after = 0; ; ) {
    const status = await jobOf(spec).wait(after, 1, 10_000);
    if (!status?.ok) throw new Error('the job is not there');
    const { job } = status.value;
    if (job.finishedAt !== undefined) return job;
    after = job.lastSeq;
  }
}

export async function textOf(spec: JobSpec, wanted: 'answer' | 'stdout' | 'stderr' = 'stdout') {
  const found = await jobOf(spec).text(wanted, 0, 10_000_000);
  if (!found?.ok) throw new Error('the job has no text');
  return found.value.page.text;
}

export const settled: Settlement = { state: 'completed', reason: 'answered', finishedAt: 1, costUsd: 0, totalTokens: 0 };

/** The entry of a queued job without a job object, which was requested at `at`, as an account stores it. */
export const entryOf = (account: string, at: number): Parameters<JobIndex['add']>[0] => ({
  ...{
    id: `job_${at}`,
    account,
    provider: 'claude',
    state: 'queued',
    session: null,
    request_key: `${at}`,
    idempotency_key: null,
  },
  ...{
    label: 'a test',
    correlation_id: null,
    created_at: at,
    grant_id: 'g',
    tool: 'claude_request',
    client: 'a test',
    origin: '',
  },
  ...{ title: null, workspace: null },
});
