import type { Event, Usage } from '../../container/protocol.ts';
import { joinUsage } from '../../container/providers/usage.ts';
import type { Progress } from './record.ts';

type OfKind<K extends Event['kind']> = Extract<Event, { kind: K }>;
type Fold = { [K in Event['kind']]: (event: OfKind<K>) => Partial<Progress> };

/** Characters of running text that a person who waits is shown. */
const WRITING_CHARS = 80;

const oneLine = (text: string, length: number) => {
  const flat = text.replace(/\s+/g, ' ').trim();
  return flat.length > length ? `${flat.slice(0, length - 1)}…` : flat;
};

const retrying = ({ attempt, of, status, error }: OfKind<'retry'>) =>
  `retry ${attempt}${of ? ` of ${of}` : ''} of a model call${status ? ` after HTTP ${status}` : ''}${error ? ` (${error})` : ''}`;

/** What each kind of event changes. */
const FOLD: Fold = {
  start: ({ sessionId }) => ({ activity: 'the CLI was started', ...(sessionId && { sessionId }) }),
  init: ({ sessionId, model }) => ({
    activity: 'waiting for the model',
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
  usage: ({ usage }) => ({ usage }),
  answer: () => ({}),
  result: (result) => ({
    result,
    activity: result.isError ? 'the CLI reported an error' : 'the answer is there',
    denials: result.denials,
    ...(result.usage && { usage: result.usage }),
    ...(result.turns !== undefined && { turns: result.turns }),
    ...(result.sessionId && { sessionId: result.sessionId }),
  }),
  output: () => ({}),
  stopping: ({ cause }) => ({ stopping: cause, activity: `being ended (${cause})` }),
  dropped: ({ bytes }) => ({ activity: `${bytes} bytes of output were not kept` }),
  exit: () => ({}),
};

/** Words come piece by piece: the end of what they make up so far tells more than the last piece. */
function written({ writing = '' }: Progress, event: Event): Partial<Progress> {
  if (event.kind === 'tool_start') return { writing: undefined };
  if (event.kind !== 'text') return {};
  const end = (writing + event.text).slice(-WRITING_CHARS).toWellFormed();
  return end.trim() ? { writing: end, activity: `writing: ${oneLine(end, WRITING_CHARS)}` } : {};
}

const change = <K extends Event['kind']>(fold: Fold, kind: K, event: OfKind<K>) => fold[kind](event);

/** Steps that wait for an answer, and the answers that wait to be heard. */
function asked({ asks, answers }: Progress, event: Event): Pick<Progress, 'asks' | 'answers'> {
  if (event.kind === 'ask')
    return { asks: [...asks, { id: event.id, tool: event.tool, input: event.input, at: event.at }], answers };
  if (event.kind !== 'answered') return { asks, answers };
  const { [event.ask]: _heard, ...rest } = answers;
  return { asks: asks.filter(({ id }) => id !== event.ask), answers: rest };
}

/** What a job's events add up to after one more. Pure; denials gather until the result tells them all. */
export function advance(progress: Progress, event: Event): Progress {
  const denials = event.kind === 'denied' ? [...progress.denials, event.denial] : progress.denials;
  return {
    ...progress,
    denials,
    ...written(progress, event),
    ...asked(progress, event),
    ...change(FOLD, event.kind, event),
    lastActivityAt: event.at,
  };
}

/** What a run used. Its CLI may know of more than the gate saw, and not of less: what a run can write is not the last word on its bill. */
export function usageOf({ usage, spent }: Progress): Usage | undefined {
  if (!usage || !spent) return usage ?? spent;
  return joinUsage(usage, spent, Math.max);
}

/** Tokens of both directions; what a budget counts. */
export const totalTokens = (usage: Usage | undefined): number =>
  usage ? usage.inputTokens + usage.outputTokens + usage.cacheReadTokens + usage.cacheWriteTokens : 0;
