import { PassThrough, type Readable } from 'node:stream';
import { Refusal } from '../errors.ts';
import { EVENT_TEXT_MAX, OPEN_ASKS_MAX, type RunAnswer } from '../protocol.ts';
import type { Command, ParsedLine, PermissionRequest, Provider } from '../providers/provider.ts';
import type { NewEvent } from '../spool/spool.ts';

/** Reason that the model receives for a denial without one. */
const DEFAULT_REASON = 'This step was not allowed.';
const WITHDRAWN = 'The CLI withdrew its permission request.';
const inputTooLong = (tool: string, length: number) =>
  `The input of ${tool} is too long for an approver (${length} characters, limit ${EVENT_TEXT_MAX}). Take smaller steps.`;

const TOO_MANY_OPEN = `${OPEN_ASKS_MAX} permission requests are open, which is the limit. Wait for their answers.`;

/** The stdin and stdout of a run's CLI, with its open permission requests. */
export interface StdioSession {
  stdin: Readable;
  /** Parses a line of stdout. */
  read: (line: string) => NewEvent[];
  /** Answers a permission request. Returns the answer that counts: the first one. */
  answer: (answer: RunAnswer) => boolean;
  /** True while the CLI waits for an answer. */
  isWaiting: () => boolean;
  /** Refuses all further answers. */
  close: () => void;
}

interface SessionState {
  stdin: PassThrough;
  /** Permission requests by id: the request while it is open, its answer afterwards. */
  asks: Map<string, PermissionRequest | boolean>;
  isOver: boolean;
}

type LogEvent = (event: NewEvent) => void;

/** Opens the session that a command asks for; `log` receives the event of each answer. */
export function openStdio(
  { stdin: text = '', dialogue }: Command,
  reader: ReturnType<Provider['reader']>,
  log: LogEvent,
): StdioSession {
  const state: SessionState = { stdin: new PassThrough(), asks: new Map(), isOver: false };
  if (dialogue === undefined) state.stdin.end(text);
  else for (const line of dialogue.opening) sendLine(state, line);
  return {
    stdin: state.stdin,
    read: dialogue === undefined ? reader : (line) => handleLine(state, dialogue.read(line)),
    answer: (answer) => answerFirst(state, answer, log),
    isWaiting: () => [...state.asks.values()].some(isOpen),
    close: () => {
      state.isOver = true;
    },
  };
}

const isOpen = (ask: PermissionRequest | boolean | undefined) => typeof ask === 'object';

function sendLine({ stdin }: SessionState, line: string): void {
  if (!stdin.writableEnded) stdin.write(`${line}\n`);
}

function settleAsk({ asks }: SessionState, ask: string, allowed: boolean, reason?: string): NewEvent {
  asks.set(ask, allowed);
  return { kind: 'answered', ask, allowed, reason };
}

function handleLine(state: SessionState, { items, request, withdrawn, reply, isDone = false }: ParsedLine): NewEvent[] {
  if (reply !== undefined) sendLine(state, reply);
  const asked = request === undefined ? [] : [openAsk(state, request)];
  const isWithdrawn = withdrawn !== undefined && isOpen(state.asks.get(withdrawn));
  if (isDone) state.stdin.end();
  return [...asked, ...items, ...(isWithdrawn ? [settleAsk(state, withdrawn, false, WITHDRAWN)] : [])];
}

function openAsk(state: SessionState, request: PermissionRequest): NewEvent {
  const { id, tool, input } = request;
  const open = [...state.asks.values()].filter(isOpen).length;
  const reason =
    input.length > EVENT_TEXT_MAX ? inputTooLong(tool, input.length) : open < OPEN_ASKS_MAX ? undefined : TOO_MANY_OPEN;
  if (reason !== undefined) {
    sendLine(state, request.answer(false, reason));
    return settleAsk(state, id, false, reason);
  }
  state.asks.set(id, request);
  return { kind: 'ask', id, tool, input };
}

function answerFirst(state: SessionState, { ask, allowed, reason }: RunAnswer, log: LogEvent): boolean {
  const known = state.asks.get(ask);
  if (typeof known === 'boolean') return known;
  if (state.isOver) throw new Refusal('run_not_found', 'The run has ended and takes no more answers.');
  if (known === undefined) throw new Refusal('ask_not_found', `The run has no permission request ${JSON.stringify(ask)}.`);
  sendLine(state, known.answer(allowed, reason || DEFAULT_REASON));
  log(settleAsk(state, ask, allowed, reason));
  return allowed;
}
