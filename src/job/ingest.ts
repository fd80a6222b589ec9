import type { Event } from '../../container/protocol.ts';
import { providers } from '../../container/providers/index.ts';
import { valueInRole } from '../../container/providers/option.ts';
import { cutText, cutValue, jsonLength } from '../cut-text.ts';
import { outcome, type RunEnd } from './outcome.ts';
import { advance, withMeteredUsage } from './progress.ts';
import type { Progress } from './record.ts';
import type { Channel, JobRow, JobStore } from './store.ts';

/** Longest text that an event's row repeats, in UTF-16 units. The whole text is in its channel. */
const EVENT_TEXT_MAX_CHARS = 2_000;

/** Longest event as JSON that is taken whole, in UTF-16 units, and the longest texts and lists of a longer one: the job's row has at most 2 MB. */
const EVENT_MAX_CHARS = 200_000;
const CUT_EVENT = [500, 50] as const;

/** An event with a bounded size. Text has a bound and channels of its own, and an approver needs a step's whole input. */
function boundedEvent({ line, ...event }: Event): Event {
  const isText = 'text' in event || event.kind === 'ask';
  return { ...(isText || jsonLength(event) <= EVENT_MAX_CHARS ? event : cutValue(event, ...CUT_EVENT)), line };
}

/** The texts of an event, each with the channel that it is appended to. */
function textsOf(event: Event): [Channel, string][] {
  const found: [Channel, string][] = [];
  if (event.line) found.push([event.line.stream, event.line.end ? `${event.line.text}\n` : event.line.text]);
  if (event.kind === 'text') found.push(['said', event.text]);
  if (event.kind === 'answer') found.push([`${event.part === 'text' ? 'answer' : 'structured'}:${event.index}`, event.text]);
  return found;
}

/** An event without its raw line and with shortened text, or null if nothing is left to show. */
function eventRow({ seq: _seq, at: _at, line: _line, ...event }: Event) {
  if (event.kind === 'output' || event.kind === 'answer') return null;
  if (event.kind === 'text' || event.kind === 'thinking') return { ...event, text: cutText(event.text, EVENT_TEXT_MAX_CHARS) };
  return event;
}

/** Length of the parts of the answer and of the output that decide how a job ends, in UTF-16 units. */
const EXCERPT_CHARS = 4_000;

/** The end of the CLI's stdout without lines of JSON, which are no words. */
function printedBy(store: JobStore): string {
  const total = store.texts.length('stdout');
  const lines = store.texts.read('stdout', Math.max(0, total - EXCERPT_CHARS), EXCERPT_CHARS).split('\n');
  // The first line may be cut.
  return lines
    .slice(total > EXCERPT_CHARS ? 1 : 0)
    .filter((line) => !/^\s*[[{]/.test(line))
    .join('\n');
}

/** Ends a job whose run ended. */
function finishAtExit(store: JobStore, { spec }: JobRow, progress: Progress, exit: RunEnd['exit'], now: number): void {
  const { result, said, spent, usage, budgetUsd, retryAt } = progress;
  const ending = outcome({
    exit,
    result,
    answer: result ? store.texts.read(`answer:${result.index}`, 0, EXCERPT_CHARS) : '',
    structuredChars: result ? store.texts.length(`structured:${result.index}`) : 0,
    hasSaid: said?.last !== undefined,
    printed: printedBy(store),
    hasRunTool: (progress.toolCalls ?? 0) > 0,
    hasCalledModel: (spent ?? usage) !== undefined || (said?.length ?? 0) > 0,
    wantsStructured: valueInRole(providers[spec.provider], 'schema', spec.options) !== undefined,
    provider: spec.provider,
    budgetUsd,
    retryAt,
    now,
  });
  store.finish(ending, now);
}

/** Why a run is lost. `code` is the reason of the job's end, if not `executor_lost`. */
export interface Loss {
  cause: string;
  code?: 'protocol_mismatch';
}

/** Ends a running job whose executor is lost. An answer that is stored already counts. */
export function finishLost(store: JobStore, { cause, code }: Loss, now: number): void {
  const row = store.job();
  if (row?.state !== 'running') return;
  const exit = { cause: 'executor_lost', code: null, signal: null, detail: cause, lostAs: code } as const;
  finishAtExit(store, row, row.progress, exit, now);
}

/** A page that does not follow the cursor, although the executor numbers its events densely. */
export class GapError extends Error {}

/**
 * Stores a page of a run's events, moves the cursor and ends the job at the run's last event, all in one transaction. Stores each event once,
 * however often it is delivered. Throws GapError if events are missing before the page.
 */
export function ingest(store: JobStore, page: Event[], now: number): void {
  store.atomically(() => {
    const row = store.job();
    if (row?.state !== 'running') return;
    const fresh = page.filter(({ seq }) => seq > row.cursor);
    const [first] = fresh;
    const last = fresh.at(-1);
    if (!first || !last) return;
    if (first.seq !== row.cursor + 1) throw new GapError(`expected event ${row.cursor + 1}, got ${first.seq}`);
    const texts = new Map<Channel, string>();
    let progress: Progress = { said: { length: store.texts.length('said'), isOpen: false }, ...row.progress };
    for (const reported of fresh) {
      const event = boundedEvent(withMeteredUsage(reported, row.progress.spent));
      progress = advance(progress, event);
      for (const [channel, text] of textsOf(event)) texts.set(channel, (texts.get(channel) ?? '') + text);
      const kept = eventRow(event);
      if (kept) store.addEvent(event.seq, event.at, kept);
    }
    for (const [channel, text] of texts) store.texts.append(channel, text);
    store.advance(row.cursor, last.seq, progress);
    if (last.kind === 'exit') finishAtExit(store, row, progress, last, now);
  });
}
