import { z } from 'zod';
import { type Event, Health, PROTOCOL_VERSION, type RunAnswer, type RunRequest, readEvent } from '../../container/protocol.ts';
import { type ExecutorReply, mismatch, readReply, unanswered } from './executor-reply.ts';

/** What is left of a run in its executor: its files and, if it is named, its session. */
type LeftFiles = { account: string; provider: string; session?: string };

/** What a job needs of the executor. Every call may be repeated. */
export interface ExecutorClient {
  /** Refused with `state_changed` if the executor's state id is not `state`. Null skips the check. Waits at most `maxMs`. */
  start: (runId: string, request: RunRequest, state: string | null, maxMs: number) => Promise<ExecutorReply<null>>;
  /** Acknowledges the events up to a cursor and returns the ones after it. Waits up to `waitMs` for the first one. */
  events: (runId: string, after: number, waitMs: number) => Promise<ExecutorReply<Event[]>>;
  cancel: (runId: string) => Promise<ExecutorReply<null>>;
  /** Answers a step that the run asks about. */
  answer: (runId: string, answer: RunAnswer) => Promise<ExecutorReply<null>>;
  /** Removes what is left of a run that is over, and its session if that is named. */
  erase: (runId: string, left: LeftFiles) => Promise<ExecutorReply<null>>;
  /** Never starts a container. */
  health: () => Promise<ExecutorReply<Health>>;
  /** Starts the executor's container if it sleeps, and returns the executor's health. Waits at most `maxMs`. */
  wake: (maxMs: number) => Promise<ExecutorReply<Health>>;
}

/** How a request reaches an executor. */
export type Transport = (path: string, init: RequestInit) => Promise<Response>;

/** Longest silence beyond the requested wait before an answer counts as lost, in ms. */
export const ANSWER_MARGIN_MS = 4_000;
/** Longest silence after a request to start a run, in ms. The request may have megabytes, and a conversation may be copied. */
const START_MARGIN_MS = 15_000;
/** Longest silence while a container starts, in ms. */
const WAKE_MARGIN_MS = 130_000;

/** A signal that aborts after a silence. `heard` restarts the silence. */
function watchSilence(ms: number) {
  const controller = new AbortController();
  const abort = () => controller.abort(new Error('no answer in time'));
  let timer = setTimeout(abort, ms);
  const heard = (nextMs: number) => {
    clearTimeout(timer);
    timer = setTimeout(abort, nextMs);
  };
  return { signal: controller.signal, heard, end: () => clearTimeout(timer) };
}

/** The whole body of an answer. Calls `heard` for each chunk, so that a slow answer is no silence. */
async function readBody(response: Response, heard: () => void): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    heard();
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

const readEvents = (text: string) =>
  text
    .split('\n')
    .filter((line) => line.length > 0)
    .map((line) => readEvent(JSON.parse(line)));

const reads =
  <T>(type: z.ZodType<T>) =>
  (body: string) =>
    type.parse(JSON.parse(body));
const readHealth = reads(Health);
const readVersion = reads(z.object({ protocol: z.int() }));

/** Accepts any object of JSON, which a page of another server is not. */
function readObject(body: string): null {
  reads(z.object({}))(body);
  return null;
}

/** The executor behind a transport. */
export function executorClient(send: Transport): ExecutorClient {
  async function call<T>(
    path: string,
    init: RequestInit,
    silenceMaxMs: number,
    read: (body: string) => T,
  ): Promise<ExecutorReply<T>> {
    const silence = watchSilence(silenceMaxMs);
    try {
      const response = await send(path, { ...init, signal: silence.signal });
      const body = await readBody(response, () => silence.heard(ANSWER_MARGIN_MS));
      return readReply(response.status, body, read);
    } catch {
      // The error names addresses inside the network.
      if (!silence.signal.aborted) return unanswered('executor_unreachable');
      return unanswered('executor_silent', `The executor did not answer within ${Math.ceil(silenceMaxMs / 1_000)} s.`);
    } finally {
      silence.end();
    }
  }

  /** A reply, with the executor's version in place of a page that cannot be read. */
  async function withVersion<T>(reply: ExecutorReply<T>): Promise<ExecutorReply<T>> {
    if (reply.kind !== 'unanswered' || reply.error.code !== 'protocol_mismatch') return reply;
    const health = await call('/health', {}, ANSWER_MARGIN_MS, readVersion);
    return unanswered('protocol_mismatch', mismatch(health.kind === 'ok' ? health.value.protocol : undefined));
  }

  /** The executor's health. An executor of another protocol counts as unusable, as it refuses runs. */
  async function health(path: string, maxMs: number): Promise<ExecutorReply<Health>> {
    const reply = await withVersion(await call(path, {}, maxMs, readHealth));
    if (reply.kind !== 'ok' || Math.abs(reply.value.protocol - PROTOCOL_VERSION) <= 1) return reply;
    return unanswered('protocol_mismatch', mismatch(reply.value.protocol));
  }

  return {
    start: async (runId, request, state, maxMs) => {
      const query = state === null ? '' : `?state=${encodeURIComponent(state)}`;
      const put = (body: RunRequest) =>
        call(
          `/runs/${runId}${query}`,
          { method: 'PUT', body: JSON.stringify(body) },
          Math.min(START_MARGIN_MS, maxMs),
          readObject,
        );
      const reply = await put(request);
      // An executor of an earlier version refuses a limit that it does not know.
      const isTooNew =
        reply.kind === 'refused' && reply.error.code === 'bad_request' && /resultGraceMs/.test(reply.error.message);
      const { resultGraceMs: _, ...limits } = request.limits;
      return isTooNew ? put({ ...request, limits }) : reply;
    },
    events: async (runId, after, waitMs) =>
      withVersion(await call(`/runs/${runId}/events?after=${after}&wait=${waitMs}`, {}, waitMs + ANSWER_MARGIN_MS, readEvents)),
    answer: (runId, answer) =>
      call(`/runs/${runId}/answers`, { method: 'POST', body: JSON.stringify(answer) }, ANSWER_MARGIN_MS, readObject),
    erase: (runId, left) =>
      call(`/runs/${runId}/files?${new URLSearchParams(left)}`, { method: 'DELETE' }, ANSWER_MARGIN_MS, readObject),
    cancel: (runId) => call(`/runs/${runId}`, { method: 'DELETE' }, ANSWER_MARGIN_MS, readObject),
    health: () => health('/health', ANSWER_MARGIN_MS),
    wake: (maxMs) => health('/health?wake', Math.min(WAKE_MARGIN_MS, maxMs)),
  };
}
