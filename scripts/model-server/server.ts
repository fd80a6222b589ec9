import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { parsedJson } from '../../container/providers/json.ts';
import { BUNDLED_SERVER } from '../../src/health/bundled.ts';
import { answerAnthropic } from './anthropic.ts';
import { answerChat } from './chat.ts';
import { Holds } from './holds.ts';
import { appendEntry, type Entry, newEntry, timeResponse, writeBody } from './log.ts';
import { modelsResponse } from './models.ts';
import { type Plan, planOf, type Scenario, scenarioOf } from './plan.ts';
import { estimateTokens, sendError, sendJson } from './reply.ts';
import { ModelBody, userTexts, type Wire } from './request.ts';
import { answerResponses } from './responses.ts';
import { sideCall, sidePlan } from './side.ts';

/** Settings of the bundled model endpoint. */
export interface Settings {
  /** Scenario of prompts without a directive, as "name arg". */
  scenario: string;
  models: string[];
  /** File to which a JSON line per request is appended. */
  log?: string | undefined;
  /** Directory for a file per request. */
  bodies?: string | undefined;
}

interface ServerState extends Settings {
  requests: Entry[];
  received: number;
  /** Failed attempts per conversation, for `flaky`. */
  attempts: Map<string, number>;
  holds: Holds;
}

interface Call {
  req: IncomingMessage;
  res: ServerResponse;
  path: string;
  body: ModelBody | undefined;
  note: (facts: Partial<Entry>) => void;
}

const ANSWERS: Record<Wire, (res: ServerResponse, body: ModelBody, plan: Plan) => Promise<void>> = {
  anthropic: answerAnthropic,
  responses: answerResponses,
  chat: answerChat,
};

const WIRES: [suffix: string, wire: Wire][] = [
  ['/messages', 'anthropic'],
  ['/responses', 'responses'],
  ['/chat/completions', 'chat'],
];

function reset({ requests, attempts, holds }: ServerState) {
  requests.length = 0;
  attempts.clear();
  holds.reset();
}

/** Routes under /__mock, each given the rest of its path. One without a value of its own answers `{"ok":true}`. */
const CONTROLS: Record<string, (state: ServerState, name: string) => unknown> = {
  requests: ({ requests }) => requests,
  reset,
  held: ({ holds }, name) => holds.reached(name),
  release: ({ holds }, name) => holds.release(name),
};

async function control(state: ServerState, { res, path }: Call) {
  const [, , route = '', name = ''] = path.split('/');
  const answer = CONTROLS[route];
  if (!answer) return sendJson(res, 404, { error: `mock: unknown control ${route}` });
  sendJson(res, 200, (await answer(state, decodeURIComponent(name))) ?? { ok: true });
}

/** The status of a `flaky` attempt that fails, or the scenario of the one that succeeds. */
function flaky(state: ServerState, body: ModelBody, scenario: Scenario): number | Scenario {
  const [code = 529, times = 1] = scenario.arg.split(' ').filter(Boolean).map(Number);
  const conversation = createHash('sha1')
    .update(JSON.stringify(userTexts(body)))
    .digest('hex');
  const attempt = (state.attempts.get(conversation) ?? 0) + 1;
  state.attempts.set(conversation, attempt);
  return attempt <= times ? code : { ...scenario, name: 'text', arg: `Answered at attempt ${attempt}.` };
}

/** The status of an `error`, or for models other than the named one a text. */
function failing({ model = '' }: ModelBody, scenario: Scenario): number | Scenario {
  const [code = '500', failed = ''] = scenario.arg.split(' ').filter(Boolean);
  return model.includes(failed) ? Number(code) : { ...scenario, name: 'text', arg: `Answered by ${model}.` };
}

/** What a model call leads to: the status of a failure, or a scenario. */
function outcomeOf(state: ServerState, body: ModelBody, scenario: Scenario): number | Scenario {
  if (scenario.name === 'error') return failing(body, scenario);
  return scenario.name === 'flaky' ? flaky(state, body, scenario) : scenario;
}

/** Fails a request without a stream like a cut stream, because Claude repeats a cut stream as such a request. */
function answerCut(res: ServerResponse, wire: Wire, cut: NonNullable<Plan['cut']>) {
  if (cut === 'drop') res.destroy();
  if (cut === 'sse-error') sendError(res, 529, wire);
}

async function answerModel(state: ServerState, call: Call, body: ModelBody, wire: Wire) {
  const { res, note } = call;
  const scenario = scenarioOf(body, state.scenario);
  const side = sideCall(call.req.headers, body, wire);
  if (side && !scenario.side) {
    note({ scenario: 'side', side });
    return scenario.name === 'side-hang' ? undefined : ANSWERS[wire](res, body, sidePlan(side));
  }
  note({ scenario: scenario.name, arg: scenario.arg, side });
  if (scenario.name === 'hang') return;
  if (scenario.name === 'limit') {
    const [header = '', value = ''] = scenario.arg.split(' ');
    return sendError(res, 429, wire, undefined, { [header]: value });
  }
  if (scenario.name === 'redirect') return res.writeHead(307, { location: scenario.arg }).end();
  const outcome = outcomeOf(state, body, scenario);
  if (typeof outcome === 'number') return sendError(res, outcome, wire);
  const plan = planOf(body, wire, outcome, state.holds);
  if (plan.cut && !body.stream) return answerCut(res, wire, plan.cut);
  await ANSWERS[wire](res, body, plan);
}

function answerOther(state: ServerState, { req, res, path, body, note }: Call) {
  if (req.method === 'HEAD') {
    note({ scenario: 'head' });
    return res.writeHead(200).end();
  }
  if (path.endsWith('/count_tokens')) {
    note({ scenario: 'count' });
    return sendJson(res, 200, { input_tokens: estimateTokens(body) });
  }
  if (req.method === 'GET' && /\/(models|language-models)$/.test(path)) {
    note({ scenario: 'models' });
    const list = modelsResponse(state.models);
    return sendJson(res, 200, path.endsWith('language-models') ? { models: list.data } : list);
  }
  note({ scenario: 'unknown-404' });
  sendJson(res, 404, { error: { type: 'not_found_error', message: `mock: no route ${req.method} ${path}` } });
}

async function handle(state: ServerState, req: IncomingMessage, res: ServerResponse) {
  const path = new URL(req.url ?? '/', 'http://mock').pathname.replace(/\/+$/, '');
  const raw = await text(req);
  const json = parsedJson(raw);
  const body = ModelBody.safeParse(json).data;
  const call: Call = { req, res, path, body, note: () => {} };
  if (path.startsWith('/__mock')) return control(state, call);
  state.received += 1;
  const entry = newEntry(state.received, req, raw, body);
  state.requests.push(entry);
  timeResponse(entry, res);
  writeBody(state.bodies, entry.n, req, path, raw, json);
  call.note = (facts) => appendEntry(state.log, Object.assign(entry, facts));
  const wire = WIRES.find(([suffix]) => path.endsWith(suffix))?.[1];
  if (!wire || req.method !== 'POST' || !body) return answerOther(state, call);
  await answerModel(state, call, body, wire);
}

/** A server that speaks both providers' model APIs. Not yet listening. */
export function createModelServer(settings: Settings): Server {
  const state: ServerState = { ...settings, requests: [], received: 0, attempts: new Map(), holds: new Holds() };
  const server = createServer((req, res) => {
    res.setHeader('server', BUNDLED_SERVER);
    handle(state, req, res).catch((error: unknown) => {
      console.error('mock:', error);
      if (res.headersSent) res.destroy();
      else sendError(res, 500, 'anthropic', String(error));
    });
  });
  // `hang`, `stall` and `hold` keep a request open while the client stays.
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  server.keepAliveTimeout = 60_000;
  return server;
}
