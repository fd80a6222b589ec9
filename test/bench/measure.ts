import { createHash, type Hash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Health } from '../../container/protocol.ts';
import { jobEnd, readText } from '../helpers/mcp-client.ts';
import type { Rig } from '../rig/rig.ts';
import { type Script, stepsOf } from '../rig/script.ts';

/** Measurements of one output size. Times are in ms. */
export interface Measured {
  bytes: number;
  /** Time from the request to the job's end. */
  runMs: number;
  /** Time to read the output back. */
  readMs: number;
  /** Peak of the executor's memory above its idle memory. */
  memoryBytes: number;
  /** Whether the output read back equals what the CLI wrote. */
  isWhole: boolean;
}

const SAMPLE_MS = 50;
/** The script's last line has some more. */
const ANSWER_LENGTH = 1_000;
const LINE_OVERHEAD = 5_000;

/** Returns the executor's resident memory, in bytes. */
export async function memoryOf(rig: Rig): Promise<number> {
  return Health.parse(await (await rig.askExecutor('/health')).json()).memoryBytes;
}

async function peakUntil(rig: Rig, over: AbortSignal): Promise<number> {
  let peak = 0;
  while (!over.aborted) {
    peak = Math.max(peak, await memoryOf(rig));
    await sleep(SAMPLE_MS, undefined, { signal: over }).catch(() => {});
  }
  return peak;
}

function hashOf(script: Script): string {
  const hash: Hash = createHash('sha256');
  for (const { stream, text } of stepsOf(script)) if (stream === 'stdout') hash.update(text);
  return hash.digest('hex');
}

async function runToEnd({ call }: Rig, script: Script): Promise<string> {
  const { job: submitted } = await call('grok_request_async', { prompt: JSON.stringify(script) });
  const jobId = submitted?.id ?? '';
  const job = await jobEnd(call, jobId);
  if (job.state !== 'completed') throw new Error(`The job ended as ${job.state}: ${JSON.stringify(job.error)}`);
  return jobId;
}

/** Sends about `bytes` bytes of output through the whole gateway. `idleBytes` is the executor's memory before. */
export async function measure(rig: Rig, bytes: number, idleBytes: number): Promise<Measured> {
  const key = `bench-${bytes}`;
  const bulkBytes = bytes - LINE_OVERHEAD;
  const script: Script = { key, seed: bytes, lines: 0, pauseMs: 0, answerLength: ANSWER_LENGTH, bulkBytes };
  const over = new AbortController();
  const peak = peakUntil(rig, over.signal);
  const began = performance.now();
  const jobId = await runToEnd(rig, script).finally(() => over.abort());
  const ended = performance.now();
  const text = await readText(rig.call, jobId, 'stdout');
  const readMs = performance.now() - ended;
  const isWhole = createHash('sha256').update(text).digest('hex') === hashOf(script);
  return { bytes, runMs: ended - began, readMs, memoryBytes: (await peak) - idleBytes, isWhole };
}
