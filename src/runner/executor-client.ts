import { type Event, ExecutorError, Health, type RunAnswer, type RunRequest, readEvent } from '../../container/protocol.ts';
import { messageOf } from '../errors.ts';

/** The executor's answer, its refusal, or a failure to reach it. */
export type ExecutorReply<T> =
  | { kind: 'ok'; value: T }
  | { kind: 'refused'; error: ExecutorError }
  | { kind: 'unreachable'; detail: string };

/** What a job needs of the executor. Every call may be repeated. */
export interface ExecutorClient {
  /** Refused with `state_changed` if the executor's state id is not `state`. Null skips the check. */
  start: (runId: string, request: RunRequest, state: string | null) => Promise<ExecutorReply<null>>;
  /** Acknowledges the events up to a cursor and returns the ones after it. Waits up to `waitMs` for the first one. */
  events: (runId: string, after: number, waitMs: number) => Promise<ExecutorReply<Event[]>>;
  cancel: (runId: string) => Promise<ExecutorReply<null>>;
  /** Answers a step that the run asks about. */
  answer: (runId: string, answer: RunAnswer) => Promise<ExecutorReply<null>>;
  /** Never starts a container. */
  health: () => Promise<ExecutorReply<Health>>;
  /** Starts the executor's container if it sleeps, and returns the executor's health. */
  wake: () => Promise<ExecutorReply<Health>>;
}

/** How a request reaches an executor. */
export type Transport = (path: string, init: RequestInit) => Promise<Response>;

/** Longest silence beyond the requested wait before an answer counts as lost, in ms. Two in a row fit into executorLostMs. */
const ANSWER_MARGIN_MS = 4_000;
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

const readHealth = (body: string) => Health.parse(JSON.parse(body));

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
      if (response.ok) return { kind: 'ok', value: read(body) };
      const refusal = ExecutorError.safeParse(JSON.parse(body));
      if (refusal.success) return { kind: 'refused', error: refusal.data };
      return { kind: 'unreachable', detail: `HTTP ${response.status}` };
    } catch (error) {
      return { kind: 'unreachable', detail: messageOf(error) };
    } finally {
      silence.end();
    }
  }
  return {
    start: async (runId, request, state) => {
      const query = state === null ? '' : `?state=${encodeURIComponent(state)}`;
      const put = (body: RunRequest) =>
        call(`/runs/${runId}${query}`, { method: 'PUT', body: JSON.stringify(body) }, START_MARGIN_MS, () => null);
      const reply = await put(request);
      // An executor of an earlier version refuses a limit that it does not know.
      const isTooNew =
        reply.kind === 'refused' && reply.error.code === 'bad_request' && /resultGraceMs/.test(reply.error.message);
      const { resultGraceMs: _, ...limits } = request.limits;
      return isTooNew ? put({ ...request, limits }) : reply;
    },
    events: (runId, after, waitMs) =>
      call(`/runs/${runId}/events?after=${after}&wait=${waitMs}`, {}, waitMs + ANSWER_MARGIN_MS, readEvents),
    answer: (runId, answer) =>
      call(`/runs/${runId}/answers`, { method: 'POST', body: JSON.stringify(answer) }, ANSWER_MARGIN_MS, () => null),
    cancel: (runId) => call(`/runs/${runId}`, { method: 'DELETE' }, ANSWER_MARGIN_MS, () => null),
    health: () => call('/health', {}, ANSWER_MARGIN_MS, readHealth),
    wake: () => call('/health?wake', {}, WAKE_MARGIN_MS, readHealth),
  };
}
