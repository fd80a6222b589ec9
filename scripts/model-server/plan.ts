import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { providers } from '../../container/providers/index.ts';
import type { Holds } from './holds.ts';
import { DIRECTIVE, type ModelBody, offeredTools, toolResults, userTexts, type Wire } from './request.ts';

/** What a prompt's directive requests. `side`: also for side calls (title, summary). */
export interface Scenario {
  name: string;
  arg: string;
  side: boolean;
}

/** An answer, in parts that every wire protocol has. */
export interface Plan {
  thinking?: string;
  text?: string;
  /** Instead of text: pieces that are spread evenly over `spreadMs`. */
  words?: string[];
  spreadMs?: number;
  /** Awaited after PAUSE_AFTER pieces of text, and before an answer that is not streamed. */
  pause?: () => Promise<void>;
  tool?: { name: string; input: unknown };
  stop?: 'max_tokens' | 'refusal';
  /** The stream is written one byte at a time. */
  trickle?: boolean;
  /** How the stream ends early, after two pieces of text. */
  cut?: 'sse-error' | 'drop' | 'stall';
}

interface Turn {
  arg: string;
  body: ModelBody;
  names: string[];
  results: string[];
  holds: Holds;
}

const TOKENS = Array.from({ length: 40 }, (_, index) => `tok${index + 1} `);

/** Few enough that what is shown of running text still has the first word. */
const PAUSE_AFTER = 4;

const SHELL = /^(bash|run_terminal_cmd|run_terminal_command|run_command|shell|execute_command|terminal)$/i;

const parsed = (json: string): unknown => JSON.parse(json || '{}');

const toolSaid = (results: string[]): Plan => ({ text: `Tool said: ${results.at(-1)?.slice(0, 2000)}` });

function useShell({ arg, names }: Turn): Plan {
  const shell = names.find((name) => SHELL.test(name));
  if (!shell) return { text: `No shell tool among: ${names.join(',')}` };
  return {
    text: 'I will run a command.',
    tool: { name: shell, input: { command: arg || 'echo hi', description: 'mock command' } },
  };
}

function callTool({ arg }: Turn): Plan {
  const [name = '', ...rest] = arg.split(' ');
  return { text: `Calling ${name}.`, tool: { name, input: parsed(rest.join(' ')) } };
}

const Followed = z.object({
  answer: z.object({ text: z.string() }).optional(),
  next: z.object({ tool: z.string(), arguments: z.record(z.string(), z.unknown()) }).optional(),
});

/** The text of a gateway's answer and the next call; `error` is the start of a result that is not such an answer. */
function readFollowed(result: string): z.infer<typeof Followed> & { error?: string } {
  try {
    return Followed.parse(JSON.parse(result));
  } catch {
    return { error: result.slice(0, 500) };
  }
}

/** Calls a tool, then what each answer names as the next call, and at the end says how many calls read how many characters. */
function followNext(turn: Turn): Plan {
  const answers = turn.results.map(readFollowed);
  const [name = ''] = turn.arg.split(' ');
  const last = answers.at(-1);
  if (!last) return callTool(turn);
  if (last.next) {
    const tool = name.replace(/^(mcp__.+?__)?.*$/, (_all, prefix = '') => `${prefix}${last.next?.tool}`);
    return { text: `Calling ${tool}.`, tool: { name: tool, input: last.next.arguments } };
  }
  const chars = answers.reduce((sum, { answer }) => sum + (answer?.text.length ?? 0), 0);
  return { text: JSON.stringify({ calls: answers.length, chars, ...(last.error && { error: last.error }) }) };
}

function structured({ arg, names, results }: Turn): Plan {
  const tool = names.find((name) => /structured.?output/i.test(name));
  if (tool && results.length === 0) return { tool: { name: tool, input: parsed(arg) } };
  return { text: tool ? 'Structured output was provided.' : arg };
}

function echo({ body, names }: Turn): Plan {
  const messages = (body.messages ?? body.input ?? []).length;
  const user = userTexts(body).at(-1)?.slice(0, 200);
  return { text: JSON.stringify({ model: body.model, messages, stream: !!body.stream, tools: names, user }) };
}

const SCENARIOS: Record<string, (turn: Turn) => Plan> = {
  text: ({ arg }) => ({ text: arg || 'Hello from the mock model.' }),
  trickle: ({ arg }) => ({ text: arg || '漢字 ✓ 👩‍👩‍👧', trickle: true }),
  echo,
  slow: ({ arg }) => ({ words: TOKENS, spreadMs: 1000 * Number(arg || 30) }),
  hold: ({ arg, holds }) => ({ words: TOKENS, pause: () => holds.pass(arg) }),
  muse: () => ({ thinking: 'Let me think about this. It is a mock thought.' }),
  think: () => ({ thinking: 'Let me think about this. It is a mock thought.', text: 'The answer is 42.' }),
  tool: (turn) => (turn.results.length > 0 ? toolSaid(turn.results) : useShell(turn)),
  call: (turn) => (turn.results.length > 0 ? toolSaid(turn.results) : callTool(turn)),
  act: (turn) => (turn.results.length > 0 ? {} : useShell(turn)),
  demo: () => ({ words: DEMO_ANSWER.split(/(?<= )/), spreadMs: DEMO_MS }),
  follow: followNext,
  loop: useShell,
  schema: structured,
  'max-tokens': () => ({ text: 'This answer was cut', stop: 'max_tokens' }),
  refuse: () => ({ text: '', stop: 'refusal' }),
  big: ({ arg }) => ({ text: 'x'.repeat(Number(arg || 100_000)) }),
  'sse-error': () => ({ text: 'partial answer then', cut: 'sse-error' }),
  drop: () => ({ text: 'partial answer then', cut: 'drop' }),
  stall: () => ({ text: 'partial answer then', cut: 'stall' }),
};

/** The answer to what `npm run demo` asks, and how long it takes. */
const DEMO_ANSWER =
  'A durable job is a request that keeps running when its client disconnects, can be watched and read later, and never runs twice.';
const DEMO_MS = 3_000;

/** True if a text has what `npm run demo` asks a provider. */
const isDemo = (text: string) => Object.values(providers).some(({ demoPrompt }) => text.includes(demoPrompt));

/** The scenario of a conversation's last directive, or else `byDefault` ("name arg"). */
export function scenarioOf(body: ModelBody, byDefault: string): Scenario {
  const texts = userTexts(body);
  const found = texts.flatMap((text) => [...text.matchAll(new RegExp(DIRECTIVE, 'gi'))]).at(-1);
  const [word = '', ...rest] = byDefault.split(' ');
  if (!found && texts.some(isDemo)) return { name: 'demo', arg: '', side: false };
  const name = found?.[1]?.toLowerCase() ?? word;
  const arg = found?.[2]?.trim() ?? rest.join(' ');
  return { name, arg: arg.replace(/(^|\s)side$/, ''), side: /(^|\s)side$/.test(arg) };
}

/** The answer to a model call. Unknown scenarios get the default text. */
export function planOf(body: ModelBody, wire: Wire, { name, arg }: Scenario, holds: Holds): Plan {
  const turn = { arg, body, holds, names: offeredTools(body), results: toolResults(body, wire) };
  return (SCENARIOS[name] ?? (() => ({ text: 'Hello from the mock model.' })))(turn);
}

/** The whole text of an answer. */
export const planText = (plan: Plan) => plan.words?.join('') ?? plan.text ?? '';

function piecesOf({ words, text = '' }: Plan): string[] {
  if (words) return words;
  return text.match(text.length > 20_000 ? /.{1,4096}/gs : /\S+\s*|\s+/g) ?? [];
}

/** The text of an answer in pieces, paced. */
export async function* pace(plan: Plan) {
  const pieces = piecesOf(plan);
  const gapMs = plan.spreadMs ? plan.spreadMs / pieces.length : 2;
  for (const [index, piece] of pieces.entries()) {
    if (index === PAUSE_AFTER) await plan.pause?.();
    await sleep(gapMs);
    yield piece;
  }
}
