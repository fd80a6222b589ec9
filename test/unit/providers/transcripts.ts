import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Item } from '../../../container/protocol.ts';
import { providers } from '../../../container/providers/index.ts';

/** Transcripts of the real CLIs, by provider. */
export const SAMPLES = join(import.meta.dirname, '../../fixtures/cli-samples');

/** What a provider's reader makes of the lines of one run. */
export function read(id: string, lines: string[]): Item[] {
  const reader = providers[id]?.reader() ?? (() => []);
  return lines.flatMap((line) => reader(line));
}

export const readSample = (id: string, name: string): Item[] =>
  read(
    id,
    readFileSync(join(SAMPLES, id, `${name}.ndjson`), 'utf8')
      .trimEnd()
      .split('\n'),
  );

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
    denied: result?.denials.map(({ tool }) => tool) ?? [],
    retries: items.filter(({ kind }) => kind === 'retry').length,
    tokens: [usage?.inputTokens, usage?.outputTokens],
    cost: usage?.costUsd,
    model: items.find((item) => item.kind === 'init')?.model,
  };
}
