import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { wholeNumber } from '../config.ts';
import { formatIssues, Refusal } from '../errors.ts';
import {
  EVENT_PAGE_MAX,
  EVENT_WAIT_MAX_MS,
  PROTOCOL_VERSION,
  RUN_REQUEST_MAX_BYTES,
  RunAnswer,
  RunId,
  RunRequest,
} from '../protocol.ts';
import { eraseRun, LeftFiles } from '../runs/erase.ts';
import { answerRun, cancelRun, checkState, putRun, type Runs, readRunEvents } from '../runs/runs.ts';
import { reportHealth } from './health.ts';
import { checkToken, errorReply, jsonReply, type Reply, readJsonBody, refuseMalformed, sendReply } from './reply.ts';

/** How long an idle connection stays open, in ms: longer than callers keep theirs open. */
const KEEP_ALIVE_MS = 65_000;
/** Largest body of POST /runs/:id/answers, in bytes. */
const ANSWER_MAX_BYTES = 16_384;

interface RouteCall {
  runs: Runs;
  request: IncomingMessage;
  /** Valid id of the run in the path, or an empty string. */
  id: string;
  query: URLSearchParams;
  /** Aborts when the caller disconnects. */
  disconnected: AbortSignal;
}

const ROUTES = [
  { method: 'PUT', path: /^\/runs\/([^/]+)$/, answer: answerPut },
  { method: 'GET', path: /^\/runs\/([^/]+)\/events$/, answer: answerEvents },
  { method: 'POST', path: /^\/runs\/([^/]+)\/answers$/, answer: answerAnswer },
  { method: 'DELETE', path: /^\/runs\/([^/]+)$/, answer: answerDelete },
  { method: 'DELETE', path: /^\/runs\/([^/]+)\/files$/, answer: answerErase },
  { method: 'GET', path: /^\/health()$/, answer: answerHealth },
];

/** The executor's HTTP server, not yet listening. */
export function createServer(runs: Runs, token: string): http.Server {
  const server = http.createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, async (request, response) => {
    const { stateDirectory } = runs.executor.config;
    const reply = answerRequest(runs, token, request, response).catch((error) => errorReply(error, stateDirectory));
    sendReply(request, response, await reply);
  });
  return server.on('clientError', refuseMalformed);
}

async function answerRequest(runs: Runs, token: string, request: IncomingMessage, response: ServerResponse): Promise<Reply> {
  checkToken(request, token);
  const [path = '', query] = (request.url ?? '').split('?', 2);
  const hangUp = new AbortController();
  response.once('close', () => hangUp.abort());
  for (const route of ROUTES) {
    const match = route.method === request.method ? route.path.exec(path) : null;
    if (match === null) continue;
    const id = match[1] === '' ? '' : parseOrRefuse(RunId, match[1], 'run id');
    return route.answer({ runs, request, id, query: new URLSearchParams(query), disconnected: hangUp.signal });
  }
  throw new Refusal(
    'bad_request',
    `Unknown route ${request.method} ${path}. Known: PUT, DELETE /runs/ID, DELETE /runs/ID/files, GET /runs/ID/events, POST /runs/ID/answers, GET /health.`,
  );
}

const Versioned = z.object({ protocol: z.int() });

async function answerPut({ runs, request, id, query }: RouteCall): Promise<Reply> {
  const body = await readJsonBody(request, RUN_REQUEST_MAX_BYTES);
  const { protocol } = parseOrRefuse(Versioned, body, 'body');
  if (Math.abs(protocol - PROTOCOL_VERSION) > 1)
    throw new Refusal(
      'protocol_mismatch',
      `Protocol ${protocol} of the request does not match protocol ${PROTOCOL_VERSION} of the executor. Deploy both again.`,
    );
  checkState(runs, query.get('state'));
  const { isNew, sessionId } = await putRun(runs, id, parseOrRefuse(RunRequest, body, 'body'));
  return jsonReply(isNew ? 201 : 200, { sessionId });
}

const EventParameters = z.object({
  after: wholeNumber.default(0),
  wait: wholeNumber.default(0),
  limit: wholeNumber.pipe(z.int().positive()).default(EVENT_PAGE_MAX),
});

async function answerEvents({ runs, id, query, disconnected }: RouteCall): Promise<Reply> {
  const { after, wait, limit } = parseOrRefuse(EventParameters, Object.fromEntries(query), 'query');
  const wanted = { after, waitMs: Math.min(wait, EVENT_WAIT_MAX_MS), limit: Math.min(limit, EVENT_PAGE_MAX) };
  return { status: 200, type: 'application/x-ndjson', body: await readRunEvents(runs, id, wanted, disconnected) };
}

async function answerAnswer({ runs, request, id }: RouteCall): Promise<Reply> {
  const answer = parseOrRefuse(RunAnswer, await readJsonBody(request, ANSWER_MAX_BYTES), 'answer');
  return jsonReply(200, { allowed: await answerRun(runs, id, answer) });
}

async function answerDelete({ runs, id }: RouteCall): Promise<Reply> {
  return jsonReply(202, { over: await cancelRun(runs, id) });
}

async function answerErase({ runs, id, query }: RouteCall): Promise<Reply> {
  await eraseRun(runs, id, parseOrRefuse(LeftFiles, Object.fromEntries(query), 'query'));
  return jsonReply(200, { erased: true });
}

async function answerHealth({ runs }: RouteCall): Promise<Reply> {
  return jsonReply(200, await reportHealth(runs.executor));
}

function parseOrRefuse<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new Refusal('bad_request', `Invalid ${what}: ${formatIssues(parsed.error)}`);
  return parsed.data;
}
