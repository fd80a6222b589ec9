import { PassThrough, type Readable } from 'node:stream';
import { Refusal } from '../errors.ts';
import { EVENT_TEXT_MAX, type RunAnswer } from '../protocol.ts';
import type { Command, Heard, Provider, Question } from '../providers/provider.ts';
import type { Entry } from '../spool/spool.ts';

/** What a model is told of a no that came without a reason. */
const NO_REASON = 'This step was not allowed.';
const WITHDRAWN = 'The CLI took the question back.';
const tooLong = (tool: string, length: number) =>
  `The input of ${tool} has ${length} characters; a person can be shown ${EVENT_TEXT_MAX} at most. Take smaller steps.`;

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
  /** Questions that are open, and the answers of the others, by id. */
  asks: Map<string, Question | boolean>;
  isOver: boolean;
}

/** Begins to talk to a CLI as its command wants it; `log` is given what comes of an answer. */
export function startTalk({ stdin: text = '', dialogue }: Command, provider: Provider, log: (entry: Entry) => void): Talk {
  const state: State = { stdin: new PassThrough(), asks: new Map(), isOver: false };
  if (dialogue === undefined) state.stdin.end(text);
  else for (const line of dialogue.opening) say(state, line);
  return {
    stdin: state.stdin,
    read: dialogue === undefined ? provider.reader() : (line) => hear(state, dialogue.read(line)),
    answer: (answer) => answerFirst(state, answer, log),
    isWaiting: () => [...state.asks.values()].some(isOpen),
    close: () => {
      state.isOver = true;
    },
  };
}

const isOpen = (ask: Question | boolean | undefined) => typeof ask === 'object';

function say({ stdin }: State, line: string): void {
  if (!stdin.writableEnded) stdin.write(`${line}\n`);
}

function settle({ asks }: State, ask: string, allowed: boolean, reason?: string): Entry {
  asks.set(ask, allowed);
  return { kind: 'answered', ask, allowed, reason };
}

function hear(state: State, { items, question, withdrawn, reply, isDone = false }: Heard): Entry[] {
  if (reply !== undefined) say(state, reply);
  const asked = question === undefined ? [] : [takeQuestion(state, question)];
  const isTakenBack = withdrawn !== undefined && isOpen(state.asks.get(withdrawn));
  if (isDone) state.stdin.end();
  return [...asked, ...items, ...(isTakenBack ? [settle(state, withdrawn, false, WITHDRAWN)] : [])];
}

function takeQuestion(state: State, question: Question): Entry {
  const { id, tool, input } = question;
  if (input.length > EVENT_TEXT_MAX) {
    const reason = tooLong(tool, input.length);
    say(state, question.answer(false, reason));
    return settle(state, id, false, reason);
  }
  state.asks.set(id, question);
  return { kind: 'ask', id, tool, input };
}

function answerFirst(state: State, { ask, allowed, reason }: RunAnswer, log: (entry: Entry) => void): boolean {
  const known = state.asks.get(ask);
  if (typeof known === 'boolean') return known;
  if (state.isOver) throw new Refusal('run_not_found', 'The run is over: nothing waits for this answer.');
  if (known === undefined) throw new Refusal('ask_not_found', `The run has asked nothing under the id ${JSON.stringify(ask)}.`);
  say(state, known.answer(allowed, reason || NO_REASON));
  log(settle(state, ask, allowed, reason));
  return allowed;
}
