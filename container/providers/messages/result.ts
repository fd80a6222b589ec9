import type { Denial, Item } from '../../protocol.ts';
import { splitText, summaryOf } from '../pieces.ts';
import { PermissionDenial, type ResultLine } from './lines.ts';
import { usageOfResult } from './usage.ts';

/** HTTP statuses in an error's text, which is where Grok reports them. */
const HTTP_STATUS = /"http_status":\s*([45]\d\d)|\(([45]\d\d)\) from |\(status ([45]\d\d)\b/;

/** HTTP statuses by the type of error that a text without a status begins with. */
const ERROR_TYPES: Record<string, number> = { rate_limit_error: 429, overloaded_error: 529 };

/** The HTTP status in an error's text, or undefined. */
export function statusIn(text: string): number | undefined {
  const status = HTTP_STATUS.exec(text)?.slice(1).find(Boolean);
  return status === undefined ? ERROR_TYPES[text.split(':', 1)[0] ?? ''] : Number(status);
}

/** The denied calls of a turn: those that the CLI lists, and those seen in its output. */
function denialsOf({ permission_denials = [] }: ResultLine, seen: Map<string, Denial>): Denial[] {
  const all = new Map(seen);
  for (const [index, entry] of permission_denials.entries()) {
    const read = PermissionDenial.safeParse(entry);
    if (!read.success) continue;
    const { tool_name: tool, tool_use_id: id = String(index), tool_input } = read.data;
    all.set(id, { ...seen.get(id), tool, input: summaryOf(tool_input) });
  }
  return [...all.values()];
}

/** The pieces of a turn's answer and of its structured output, then the CLI's result of the turn. */
export function resultItems(line: ResultLine, index: number, seen: Map<string, Denial>): Item[] {
  const { structured_output: structured } = line;
  const hasStructured = structured !== undefined && structured !== null;
  const answer = (part: 'text' | 'structured', whole: string): Item[] =>
    splitText(whole).map((text) => ({ kind: 'answer', index, part, text }));
  return [
    ...answer('text', line.result ?? ''),
    ...answer('structured', hasStructured ? JSON.stringify(structured) : ''),
    {
      kind: 'result',
      index,
      isError: line.is_error ?? line.subtype !== 'success',
      subtype: line.subtype ?? 'unknown',
      stopReason: line.stop_reason,
      terminalReason: line.terminal_reason,
      apiStatus: line.api_error_status ?? statusIn((line.errors ?? []).map(summaryOf).join('\n')),
      errors: (line.errors ?? []).map(summaryOf),
      sessionId: line.session_id,
      turns: line.num_turns,
      usage: usageOfResult(line),
      models: Object.keys(line.modelUsage),
      denials: denialsOf(line, seen),
      hasStructured,
    },
  ];
}
