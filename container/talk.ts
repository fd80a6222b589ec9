import { PassThrough, type Readable } from 'node:stream';
import { Refusal } from './errors.ts';
import { EVENT_TEXT_MAX, type Item, type RunAnswer } from './protocol.ts';
import { summary } from './providers/pieces.ts';
import type { Command, Dialogue, Provider } from './providers/provider.ts';
import type { Entry } from './spool.ts';

/** What a model is told of a no that came without a reason. */
const NO_REASON = 'This step was not allowed.';
const WITHDRAWN = 'The CLI took the question back.';
const tooLong = (length: number) =>
  `The input of this step has ${length} characters; a person can be shown ${EVENT_TEXT_MAX} at most. Take smaller steps.`;

/** What a run's CLI is told, and what it says. */
export interface Talk {
  stdin: Readable;
  /** What a line of stdout means. */
  read: (line: string) => Entry[];
  /** Answers an ask, and tells which answer counts: the first one. */
  answer: (answer: RunAnswer) => boolean;
  /** True while the CLI waits for an answer. */
  isWaiting: () => boolean;
  /** Takes no more answers. */
  close: () => void;
}

interface State {
  stdin: PassThrough;
  /** Answers by ask; undefined while the CLI waits. */
  asks: Map<string, boolean | undefined>;
  isOver: boolean;
}

/** Begins to talk to a CLI as its command wants it; `log` is given what comes of an answer. */
export function startTalk({ stdin: text = '', dialogue }: Command, provider: Provider, log: (entry: Entry) => void): Talk {
  const state: State = { stdin: new PassThrough(), asks: new Map(), isOver: false };
  if (dialogue) say(state, dialogue.opening);
  else state.stdin.end(text);
  return {
    stdin: state.stdin,
    read: dialogue ? (line) => hear(state, dialogue, line) : provider.reader(),
    answer: (answer) => answerFirst(state, dialogue, answer, log),
    isWaiting: () => [...state.asks.values()].includes(undefined),
    close: () => {
      state.isOver = true;
    },
  };
}

function say({ stdin }: State, lines: string[]): void {
  for (const line of lines) if (!stdin.writableEnded) stdin.write(`${line}\n`);
}

function settle({ asks }: State, ask: string, allowed: boolean, reason?: string): Entry {
  asks.set(ask, allowed);
  return { kind: 'answered', ask, allowed, reason };
}

function hear(state: State, dialogue: Dialogue, line: string): Entry[] {
  const { items, replies = [], withdrawn = [], isDone = false } = dialogue.read(line);
  say(state, replies);
  const entries = items.flatMap((item) => (item.kind === 'ask' ? takeAsk(state, dialogue, item) : [item]));
  const open = withdrawn.filter((ask) => state.asks.has(ask) && state.asks.get(ask) === undefined);
  if (isDone) state.stdin.end();
  return [...entries, ...open.map((ask) => settle(state, ask, false, WITHDRAWN))];
}

function takeAsk(state: State, dialogue: Dialogue, ask: Extract<Item, { kind: 'ask' }>): Entry[] {
  const { id, tool, input } = ask;
  if (input.length <= EVENT_TEXT_MAX) {
    state.asks.set(id, undefined);
    return [ask];
  }
  const reason = tooLong(input.length);
  say(state, [dialogue.answer({ ask: id, allowed: false, reason })]);
  return [{ kind: 'denied', denial: { tool, input: summary(input), reason } }, settle(state, id, false, reason)];
}

function answerFirst(state: State, dialogue: Dialogue | undefined, answer: RunAnswer, log: (entry: Entry) => void): boolean {
  const { ask, allowed, reason } = answer;
  const counted = state.asks.get(ask);
  if (counted !== undefined) return counted;
  if (state.isOver) throw new Refusal('run_not_found', 'The run is over: nothing waits for this answer.');
  if (dialogue === undefined || !state.asks.has(ask))
    throw new Refusal('ask_not_found', `The run has asked nothing under the id ${JSON.stringify(ask)}.`);
  say(state, [dialogue.answer({ ask, allowed, reason: reason || NO_REASON })]);
  log(settle(state, ask, allowed, reason));
  return allowed;
}
