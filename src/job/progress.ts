import { type Event, OPEN_ASKS_MAX, type ResultItem, type Usage } from '../../container/protocol.ts';
import type { Progress } from './record.ts';

type EventOf<K extends Event['kind']> = Extract<Event, { kind: K }>;
type Changes = { [K in Event['kind']]: (event: EventOf<K>) => Partial<Progress> };

/** Longest running text that is shown as activity, in UTF-16 units. */
const WRITING_MAX_CHARS = 80;

/** Longest input of an open step in a job's row and view, in UTF-16 units. Its event and its approval have the whole. */
const ASK_INPUT_MAX_CHARS = 2_000;

/** Largest number of denials before the result, which lists them itself. A job's row has at most 2 MB. */
const MAX_DENIALS = 50;

const oneLine = (text: string, length: number) => {
  const flat = text.replace(/\s+/g, ' ').trim();
  return flat.length > length ? `${flat.slice(0, length - 1)}…` : flat;
};

const retrying = ({ attempt, of, status, error }: EventOf<'retry'>) =>
  `retry ${attempt}${of ? ` of ${of}` : ''} of a model call${status ? ` after HTTP ${status}` : ''}${error ? ` (${error})` : ''}`;

/** What each kind of event changes. */
const CHANGES: Changes = {
  start: ({ sessionId }) => ({ activity: 'the CLI was started', ...(sessionId && { sessionId }) }),
  init: ({ sessionId, model, notConnected }) => ({
    activity: 'waiting for the model',
    notConnected,
    ...(sessionId && { sessionId }),
    ...(model && { model }),
  }),
  text: () => ({}),
  thinking: () => ({ activity: 'thinking' }),
  tool_start: ({ tool, input }) => ({ activity: `${tool}: ${oneLine(input, 120)}` }),
  tool_end: ({ isError }) => ({ activity: isError ? 'a tool failed' : 'a tool is done' }),
  denied: ({ denial }) => ({ activity: `not permitted: ${denial.tool}` }),
  ask: ({ tool, input }) => ({ activity: `asking to use ${tool}: ${oneLine(input, 120)}` }),
  answered: ({ allowed, reason }) => ({
    activity: `${allowed ? 'allowed' : 'not allowed'}${reason ? `: ${oneLine(reason, 120)}` : ''}`,
  }),
  retry: (event) => ({ activity: retrying(event) }),
  usage: ({ usage, model }) => ({ usage, ...(model && { model }) }),
  answer: () => ({}),
  result: (result) => ({
    activity: result.isError ? 'the CLI reported an error' : 'the answer is there',
    ...(result.usage && { usage: result.usage }),
    ...(result.models.length > 0 && { model: result.models.at(-1) }),
    ...(result.turns !== undefined && { turns: result.turns }),
    ...(result.sessionId && { sessionId: result.sessionId }),
  }),
  output: () => ({}),
  stopping: ({ cause }) => ({ stopping: cause, activity: `being ended (${cause})` }),
  dropped: ({ bytes }) => ({ activity: `${bytes} bytes of output were not kept` }),
  exit: () => ({}),
};

/** The end of the running text. Text arrives in pieces of a few characters, which alone would show nothing. */
function writingOf({ writing = '' }: Progress, event: Event): Partial<Progress> {
  if (event.kind === 'tool_start') return { writing: undefined };
  if (event.kind !== 'text') return {};
  const end = (writing + event.text).slice(-WRITING_MAX_CHARS).toWellFormed();
  return end.trim() ? { writing: end, activity: `writing: ${oneLine(end, WRITING_MAX_CHARS)}` } : {};
}

/** Text of one message arrives in pieces, which other messages end. A message begins at its first visible character. */
function saidOf({ said = { length: 0, isOpen: false }, result }: Progress, event: Event): Progress['said'] {
  if (event.kind === 'tool_start' || event.kind === 'tool_end' || event.kind === 'init') return { ...said, isOpen: false };
  if (event.kind !== 'text') return said;
  const isOpen = said.isOpen || event.text.trim() !== '';
  const length = said.length + event.text.length;
  // What follows a successful result is no part of its answer.
  const isKept = isOpen && result?.isError !== false;
  return { length, isOpen, last: isKept && !said.isOpen ? said.length : said.last, end: isKept ? length : said.end };
}

/** Whether a result replaces the one before: never if the CLI started the turn by itself, or if less of an answer would be left. */
function isBetter(result: ResultItem, before: ResultItem | undefined): boolean {
  if (before === undefined) return true;
  const keepsAnswer = before.isError || (!result.isError && result.hasStructured >= before.hasStructured);
  return before.isSelfStarted === result.isSelfStarted ? keepsAnswer : before.isSelfStarted === true;
}

/** The result that counts, and the denials of its turn and of the turns after it. */
function resultOf({ result, denials }: Progress, event: Event): Pick<Progress, 'result' | 'denials'> {
  if (event.kind === 'denied') return { result, denials: [...denials, event.denial].slice(-MAX_DENIALS) };
  return event.kind === 'result' && isBetter(event, result) ? { result: event, denials: event.denials } : { result, denials };
}

/** Tool calls that were not denied. */
function toolCallsOf({ toolCalls = 0 }: Progress, { kind }: Event): number {
  if (kind === 'tool_start') return toolCalls + 1;
  return kind === 'denied' ? Math.max(0, toolCalls - 1) : toolCalls;
}

const changeOf = <K extends Event['kind']>(changes: Changes, kind: K, event: EventOf<K>) => changes[kind](event);

/** Steps without an answer, and answers that the run has not acknowledged. */
function stepsOf({ asks, answers }: Progress, event: Event): Pick<Progress, 'asks' | 'answers'> {
  if (event.kind === 'ask') {
    const { id, tool, input, at, seq } = event;
    const ask = { id, tool, input: input.slice(0, ASK_INPUT_MAX_CHARS).toWellFormed(), at, seq };
    return { asks: asks.length < OPEN_ASKS_MAX ? [...asks, ask] : asks, answers };
  }
  if (event.kind !== 'answered') return { asks, answers };
  const { [event.ask]: _acknowledged, ...rest } = answers;
  return { asks: asks.filter(({ id }) => id !== event.ask), answers: rest };
}

/** A job's progress after one more event. Denials are collected until the result, which lists them all. */
export function advance(progress: Progress, event: Event): Progress {
  return {
    ...progress,
    ...writingOf(progress, event),
    ...stepsOf(progress, event),
    ...changeOf(CHANGES, event.kind, event),
    ...resultOf(progress, event),
    said: saidOf(progress, event),
    toolCalls: toolCallsOf(progress, event),
    lastActivityAt: event.at,
  };
}

/**
 * Usage of a run. What the gate metered replaces what the CLI reported, because a CLI may report figures of the whole conversation, and
 * a run can forge what it reports.
 */
export const usageOfRun = ({ usage, spent }: Pick<Progress, 'usage' | 'spent'>): Usage | undefined => spent ?? usage;

/** An event with the run's usage as the gate metered it, if it reports a usage. */
export const withMeteredUsage = <T extends Event>(event: T, spent: Usage | undefined): T =>
  spent && (event.kind === 'usage' || event.kind === 'result') ? { ...event, usage: spent } : event;

/** Tokens in both directions, cached ones included. Policies count them. */
export const totalTokens = (usage: Usage | undefined): number =>
  usage
    ? Math.min(usage.inputTokens + usage.outputTokens + usage.cacheReadTokens + usage.cacheWriteTokens, Number.MAX_SAFE_INTEGER)
    : 0;
