import { z } from 'zod';
import { Event, ExecutorError, Health, type RunAnswer, type RunRequest } from '../../container/protocol.ts';
import { messageOf } from '../errors.ts';

/** An answer of the executor, its refusal, or that it could not be reached. */
export type Reply<T> =
  | { kind: 'ok'; value: T }
  | { kind: 'refused'; error: ExecutorError }
  | { kind: 'unreachable'; detail: string };

/** What a job needs of the executor. Every call may be repeated. */
export interface ExecutorClient {
  /** Refused with `state_changed` where the executor's state is not `state`; null does not ask. */
  start: (runId: string, request: RunRequest, state: string | null) => Promise<Reply<null>>;
  /** Events after a cursor, which it also acknowledges; waits up to `waitMs` for the first one. */
  events: (runId: string, after: number, waitMs: number) => Promise<Reply<Event[]>>;
  cancel: (runId: string) => Promise<Reply<null>>;
  /** Answers a step that the run asks about. */
  answer: (runId: string, answer: RunAnswer) => Promise<Reply<null>>;
  /** Never starts a container. */
  health: () => Promise<Reply<Health>>;
  /** The health of an executor that is about to get a run: its container is started where it sleeps. */
  wake: () => Promise<Reply<Health>>;
}

/** How a request reaches an executor. */
export type Transport = (path: string, init: RequestInit) => Promise<Response>;

/** Silence beyond the asked wait after which an answer counts as lost, in ms: two in a row fit into executorLostMs. */
const ANSWER_MARGIN_MS = 4_000;
/** The same for a start, whose request may have megabytes and a conversation to copy. */
const START_MARGIN_MS = 15_000;
/** The same for a container that has to be started. */
const WAKE_MARGIN_MS = 130_000;

const Refusal = z.object({ code: ExecutorError.shape.code, message: z.string() });

/** A signal that aborts after a silence; `heard` begins the next one. */
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

/** The whole body of an answer, however slowly it comes. */
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
    .map((line) => Event.parse(JSON.parse(line)));

const readHealth = (body: string) => Health.parse(JSON.parse(body));

/** The executor behind a transport. */
export function executorClient(send: Transport): ExecutorClient {
  async function call<T>(path: string, init: RequestInit, patienceMs: number, read: (body: string) => T): Promise<Reply<T>> {
    const silence = watchSilence(patienceMs);
    try {
      const response = await send(path, { ...init, signal: silence.signal });
      const body = await readBody(response, () => silence.heard(ANSWER_MARGIN_MS));
      if (response.ok) return { kind: 'ok', value: read(body) };
      const refusal = Refusal.safeParse(JSON.parse(body));
      if (refusal.success) return { kind: 'refused', error: refusal.data };
      return { kind: 'unreachable', detail: `HTTP ${response.status}` };
    } catch (error) {
      return { kind: 'unreachable', detail: messageOf(error) };
    } finally {
      silence.end();
    }
  }
  return {
    start: (runId, request, state) => {
      const query = state === null ? '' : `?state=${encodeURIComponent(state)}`;
      return call(`/runs/${runId}${query}`, { method: 'PUT', body: JSON.stringify(request) }, START_MARGIN_MS, () => null);
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
