import type { Denial, Item, ResultItem } from '../../protocol.ts';
import { jsonOf } from '../json.ts';
import { splitText, summaryOf } from '../pieces.ts';
import { PermissionDenial, type ResultLine } from './lines.ts';
import { usageOfResult } from './usage.ts';

/** HTTP statuses in an error's text, which is where Grok reports them. */
const HTTP_STATUS = /"http_status":\s*([45]\d\d)|\(([45]\d\d)\) from |\(status ([45]\d\d)\b/;

/** HTTP statuses by the type of error that a text without a status begins with. */
const ERROR_TYPES = new Map([
  ['rate_limit_error', 429],
  ['overloaded_error', 529],
]);

/** Largest number of denials, errors or models in a result: all of them fit into a job's row, which has at most 2 MB. */
const MAX_LISTED = 50;

/** The HTTP status in an error's text, or undefined. */
export function statusIn(text: string): number | undefined {
  const status = HTTP_STATUS.exec(text)?.slice(1).find(Boolean);
  return status === undefined ? ERROR_TYPES.get(text.split(':', 1)[0] ?? '') : Number(status);
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
  return [...all.values()].slice(0, MAX_LISTED);
}

/** The pieces of a turn's answer and of its structured output, then the CLI's result of the turn. */
export function resultItems(
  line: ResultLine,
  index: number,
  seen: Map<string, Denial>,
  { usage, models }: Pick<ResultItem, 'usage' | 'models'> = { usage: usageOfResult(line), models: Object.keys(line.modelUsage) },
): Item[] {
  const structured = jsonOf(line.structured_output ?? undefined) ?? '';
  const errors = (line.errors ?? []).slice(0, MAX_LISTED).map(summaryOf);
  const answer = (part: 'text' | 'structured', whole: string): Item[] =>
    splitText(whole).map((text) => ({ kind: 'answer', index, part, text }));
  return [
    ...answer('text', line.result ?? ''),
    ...answer('structured', structured),
    {
      kind: 'result',
      index,
      // Whatever does not say clearly that it succeeded has failed.
      isError: line.is_error !== false || line.subtype !== 'success',
      subtype: line.subtype ?? 'unknown',
      stopReason: line.stop_reason,
      terminalReason: line.terminal_reason,
      apiStatus: line.api_error_status ?? statusIn(errors.join('\n')),
      apiError: line.api_error,
      isSelfStarted: line.origin?.kind === 'task-notification' || undefined,
      errors,
      sessionId: line.session_id,
      turns: line.num_turns,
      usage,
      models: models.slice(-MAX_LISTED).map((model) => model.slice(0, 200).toWellFormed()),
      denials: denialsOf(line, seen),
      hasStructured: structured !== '',
    },
  ];
}
