import type { Event } from '../../container/protocol.ts';
import { providers } from '../../container/providers/index.ts';
import { valueInRole } from '../../container/providers/option.ts';
import { outcome } from './outcome.ts';
import { advance, withMeteredUsage } from './progress.ts';
import type { Progress } from './record.ts';
import type { Channel, JobRow, JobStore } from './store.ts';

/** Longest text that an event's row repeats, in UTF-16 units. The whole text is in its channel. */
const EVENT_TEXT_MAX_CHARS = 2_000;

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
  if (event.kind === 'text' || event.kind === 'thinking') return { ...event, text: event.text.slice(0, EVENT_TEXT_MAX_CHARS) };
  return event;
}

const channelLength = (store: JobStore, channel: 'answer' | 'structured', index: number | undefined) =>
  index === undefined ? 0 : store.length(`${channel}:${index}`);

function finishAtExit(
  store: JobStore,
  row: JobRow,
  progress: Progress,
  exit: Extract<Event, { kind: 'exit' }>,
  now: number,
): void {
  const { result } = progress;
  const ending = outcome({
    exit,
    result,
    answerChars: channelLength(store, 'answer', result?.index),
    structuredChars: channelLength(store, 'structured', result?.index),
    wantsStructured: valueInRole(providers[row.spec.provider], 'schema', row.spec.options) !== undefined,
    provider: row.spec.provider,
    budgetUsd: progress.budgetUsd,
  });
  store.finish(ending, now);
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
    let progress = row.progress;
    for (const reported of fresh) {
      const event = withMeteredUsage(reported, row.progress.spent);
      progress = advance(progress, event);
      for (const [channel, text] of textsOf(event)) texts.set(channel, (texts.get(channel) ?? '') + text);
      const kept = eventRow(event);
      if (kept) store.addEvent(event.seq, event.at, kept);
    }
    for (const [channel, text] of texts) store.append(channel, text);
    store.advance(row.cursor, last.seq, progress);
    if (last.kind === 'exit') finishAtExit(store, row, progress, last, now);
  });
}
