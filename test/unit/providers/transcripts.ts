import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Item } from '../../../container/protocol.ts';
import { providers } from '../../../container/providers/index.ts';
import type { Dialogue, Launch, ParsedLine } from '../../../container/providers/provider.ts';

/** Transcripts of the real CLIs, by provider. */
export const SAMPLES = join(import.meta.dirname, '../../fixtures/cli-samples');

const ID = '2b2f0f5e-96f7-4f8e-b6e5-6a3b0d0c1a11';
export const SOURCE = '7c1d8a34-0b52-4f0e-9c55-0d7a3f6f2b22';

/** Where a recorded dialogue did not begin a new session, or set something. */
const LAUNCHES: Record<string, Partial<Launch>> = {
  'ask-fork': { session: { mode: 'fork', id: ID, from: SOURCE } },
  'ask-resume': { session: { mode: 'resume', id: ID }, options: { model: 'grok-4.6', effort: 'high' } },
  'ask-unknown': { session: { mode: 'resume', id: ID } },
  'ask-bad-model': { options: { model: 'nosuch' } },
};

/** The dialogue of a run that asks, as a transcript of this name was recorded. */
export function dialogueOf(id: string, name = 'ask', options: Record<string, unknown> = {}): Dialogue {
  const launch: Launch = {
    binary: 'x',
    prompt: 'hi',
    session: { mode: 'new', id: ID },
    gate: { baseUrl: 'http://127.0.0.1:8787', token: 'a-token-of-one-run' },
    cwd: '/srv/rec/copy',
    home: '/h',
    tmp: '/t',
    ...LAUNCHES[name],
    options: { ...LAUNCHES[name]?.options, ...options, permissionMode: 'ask' },
  };
  const dialogue = providers[id]?.command(launch).dialogue;
  if (dialogue === undefined) throw new Error(`${id} has no dialogue.`);
  return dialogue;
}

/** What a provider's reader makes of the lines of one run, by default of a new session. */
export function read(id: string, lines: string[], session: Launch['session'] = { mode: 'new', id: ID }): Item[] {
  const reader = providers[id]?.reader(session) ?? (() => []);
  return lines.flatMap((line) => reader(line));
}

/** The lines of a transcript. */
export const linesOf = (id: string, name: string) =>
  readFileSync(join(SAMPLES, id, `${name}.ndjson`), 'utf8')
    .trimEnd()
    .split('\n');

const heardItems = ({ items, request }: ParsedLine): Item[] => [
  ...(request ? [{ kind: 'ask' as const, id: request.id, tool: request.tool, input: request.input }] : []),
  ...items,
];

/** What was heard of a recorded dialogue, line by line. */
export function hearSample(id: string, name: string) {
  const dialogue = dialogueOf(id, name);
  return { opening: dialogue.opening, heard: linesOf(id, name).map((line) => dialogue.read(line)) };
}

/** Transcripts of runs that asked an approver. */
const DIALOGUES = /^(ask-|input-permission$)/;
/** Transcripts of runs that continued or copied a conversation. */
const CONTINUED = /^(after-par$|resume-|sess-(continue$|fork|othercwd|resume|restored))/;

export function readSample(id: string, name: string): Item[] {
  if (DIALOGUES.test(name)) return hearSample(id, name).heard.flatMap(heardItems);
  return read(id, linesOf(id, name), { mode: CONTINUED.test(name) ? 'resume' : 'new', id: ID });
}

/** What a run comes to, in short. */
export function gist(items: Item[]) {
  const result = items.findLast((item) => item.kind === 'result');
  const pieces = items.filter((item) => item.kind === 'answer').filter((item) => item.index === result?.index);
  const usage = result?.usage ?? items.findLast((item) => item.kind === 'usage')?.usage;
  return {
    verdict: result ? `${result.subtype}${result.isError ? ' error' : ''}` : 'none',
    because: result?.terminalReason ?? result?.stopReason,
    status: result?.apiStatus,
    said: items.map((item) => (item.kind === 'text' ? item.text : '')).join(''),
    thought: items.map((item) => (item.kind === 'thinking' ? item.text : '')).join(''),
    answer: pieces.map(({ part, text }) => (part === 'text' ? text : '')).join(''),
    structured: pieces.map(({ part, text }) => (part === 'structured' ? text : '')).join(''),
    calls: items.flatMap((item) => (item.kind === 'tool_start' ? [item.tool] : [])),
    ended: items.flatMap((item) => (item.kind === 'tool_end' ? [item.isError ? 'failed' : 'done'] : [])),
    asked: items.flatMap((item) => (item.kind === 'ask' ? [item.tool] : [])),
    denied: result?.denials.map(({ tool }) => tool) ?? [],
    retries: items.filter(({ kind }) => kind === 'retry').length,
    tokens: [usage?.inputTokens, usage?.outputTokens],
    cost: usage?.costUsd,
    model: result?.models.at(-1) ?? items.find((item) => item.kind === 'init')?.model,
  };
}
