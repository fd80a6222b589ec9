import { z } from 'zod';
import { Event, ExecutorError, Health, type RunRequest } from '../../container/protocol.ts';

/** An answer of the executor, its refusal, or that it could not be reached. */
export type Reply<T> =
  | { kind: 'ok'; value: T }
  | { kind: 'refused'; error: ExecutorError }
  | { kind: 'unreachable'; detail: string };

/** What a job needs of the executor. Every call may be repeated. */
export interface ExecutorClient {
  start: (runId: string, request: RunRequest) => Promise<Reply<null>>;
  /** Events after a cursor, which it also acknowledges; waits up to `waitMs` for the first one. */
  events: (runId: string, after: number, waitMs: number) => Promise<Reply<Event[]>>;
  cancel: (runId: string) => Promise<Reply<null>>;
  health: () => Promise<Reply<Health>>;
}

/** How a request reaches an executor. */
export type Transport = (path: string, init: RequestInit) => Promise<Response>;

/** Time beyond the asked wait after which an answer counts as lost, in ms. */
const ANSWER_MARGIN_MS = 10_000;

const Refusal = z.object({ code: ExecutorError.shape.code, message: z.string() });

const readEvents = (text: string) =>
  text
    .split('\n')
    .filter((line) => line.length > 0)
    .map((line) => Event.parse(JSON.parse(line)));

/** The executor behind a transport. */
export function executorClient(send: Transport): ExecutorClient {
  async function call<T>(path: string, init: RequestInit, waitMs: number, read: (body: string) => T): Promise<Reply<T>> {
    try {
      const response = await send(path, { ...init, signal: AbortSignal.timeout(waitMs + ANSWER_MARGIN_MS) });
      const body = new TextDecoder().decode(await response.arrayBuffer());
      if (response.ok) return { kind: 'ok', value: read(body) };
      const refusal = Refusal.safeParse(JSON.parse(body));
      if (refusal.success) return { kind: 'refused', error: refusal.data };
      return { kind: 'unreachable', detail: `HTTP ${response.status}` };
    } catch (error) {
      return { kind: 'unreachable', detail: error instanceof Error ? error.message : String(error) };
    }
  }
  return {
    start: (runId, request) => call(`/runs/${runId}`, { method: 'PUT', body: JSON.stringify(request) }, 0, () => null),
    events: (runId, after, waitMs) => call(`/runs/${runId}/events?after=${after}&wait=${waitMs}`, {}, waitMs, readEvents),
    cancel: (runId) => call(`/runs/${runId}`, { method: 'DELETE' }, 0, () => null),
    health: () => call('/health', {}, 0, (body) => Health.parse(JSON.parse(body))),
  };
}
