import { z } from 'zod';
import { type Event, readEvent } from '../../container/protocol.ts';
import { addColumns, hasTable } from '../sql.ts';
import { TEXT_SCHEMA, TextStore } from '../text-store.ts';
import { STATES, type State, statesBefore } from './machine.ts';
import { Ending, Hold, JobSpec, Progress } from './record.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS job (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    spec TEXT NOT NULL, prompt TEXT NOT NULL, run_token TEXT NOT NULL,
    state TEXT NOT NULL, created_at INTEGER NOT NULL, started_at INTEGER, finished_at INTEGER,
    admitted_at INTEGER, asked_state TEXT, cancel_requested_at INTEGER, cursor INTEGER NOT NULL DEFAULT 0,
    progress TEXT NOT NULL, ending TEXT, settled_at INTEGER, acked_at INTEGER
  ) STRICT;
  CREATE TABLE IF NOT EXISTS event (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, data TEXT NOT NULL) STRICT;
  ${TEXT_SCHEMA}`;

/** Columns that jobs of earlier versions lack. */
const ADDED_COLUMNS = { hold: 'TEXT', approved_at: 'INTEGER' } as const;

/** A JSON column. An unchanged text is parsed once, because a job is read far more often than it changes. */
function jsonColumn<T extends z.ZodType>(type: T) {
  let last: { text: string; value: z.infer<T> } | undefined;
  return z.string().transform((text) => {
    if (last?.text !== text) last = { text, value: type.parse(JSON.parse(text)) };
    return last.value;
  });
}

const rowType = () =>
  z.object({
    spec: jsonColumn(JobSpec.omit({ prompt: true })),
    run_token: z.string(),
    state: z.enum(STATES),
    created_at: z.number(),
    started_at: z.number().nullable(),
    finished_at: z.number().nullable(),
    cancel_requested_at: z.number().nullable(),
    admitted_at: z.number().nullable(),
    /** Why the job waits or waited for approval. */
    hold: jsonColumn(Hold).nullable(),
    approved_at: z.number().nullable(),
    /** State id of an executor that was asked to start the run and has not refused. Its answer may be lost. */
    asked_state: z.string().nullable(),
    cursor: z.number(),
    progress: jsonColumn(Progress),
    ending: jsonColumn(Ending).nullable(),
    settled_at: z.number().nullable(),
    acked_at: z.number().nullable(),
  });
/** All but the prompt, which is read only when it is sent. */
const COLUMNS = Object.keys(rowType().shape).join(', ');
/** The job's one row, parsed, without its prompt. */
export type JobRow = z.infer<ReturnType<typeof rowType>>;

/** Times that are set once: turn given, cancel requested, end reported to the account, end acknowledged to the executor. */
type Mark = 'admitted_at' | 'cancel_requested_at' | 'settled_at' | 'acked_at';

/** Text that a job keeps beside its events: its prompt, the CLI's two streams, its text so far, and answer N with its structured output. */
export type Channel = 'prompt' | 'stdout' | 'stderr' | 'said' | `answer:${number}` | `structured:${number}`;

/** Length of what stands beside an event's data as JSON: its number and its time in ms and in ISO 8601, in UTF-16 units. */
const EVENT_FACTS_CHARS = 80;

/** All SQL of one job. Every write that depends on a state has the state in its WHERE. */
export class JobStore {
  readonly #storage: DurableObjectStorage;
  readonly #row = rowType();
  readonly texts: TextStore<Channel>;
  #isCreated: boolean;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.texts = new TextStore(storage);
    this.#isCreated = hasTable(storage.sql, 'job');
    if (this.#isCreated) addColumns(storage.sql, 'job', ADDED_COLUMNS);
  }

  /** The job, or null if it was never created. */
  job(): JobRow | null {
    if (!this.#isCreated) return null;
    const [row] = this.#storage.sql.exec(`SELECT ${COLUMNS} FROM job`).toArray();
    return row ? this.#row.parse(row) : null;
  }

  /** Removes the job with all that it keeps. */
  async deleteAll(): Promise<void> {
    await this.#storage.deleteAll();
    this.#isCreated = false;
  }

  prompt(): string {
    // Earlier versions kept it in the row.
    return (
      this.texts.read('prompt') ||
      z.object({ prompt: z.string() }).parse(this.#storage.sql.exec('SELECT prompt FROM job').one()).prompt
    );
  }

  /** Stores a new job, held if there is a `hold`. A second call changes nothing. */
  create({ prompt, ...spec }: JobSpec, runToken: string, now: number, hold?: Hold): void {
    this.#storage.sql.exec(SCHEMA);
    addColumns(this.#storage.sql, 'job', ADDED_COLUMNS);
    this.#isCreated = true;
    const added = this.#storage.sql.exec(
      `INSERT OR IGNORE INTO job (one, spec, prompt, run_token, state, created_at, progress, hold) VALUES (1, ?, '', ?, ?, ?, '{}', ?)
       RETURNING one`,
      ...[JSON.stringify(spec), runToken, hold ? 'held' : 'queued', now, hold ? JSON.stringify(hold) : null],
    );
    if (added.toArray().length === 1) this.texts.append('prompt', prompt);
  }

  /** held to queued. Returns false in any other state. */
  approve(now: number): boolean {
    return this.#transition('queued', 'approved_at = ?', now);
  }

  /** queued to running. Returns false in any other state. */
  start(now: number): boolean {
    return this.#transition('running', 'started_at = ?', now);
  }

  /** To a terminal state. Returns false if the job is over, or may not change to that state. */
  finish(ending: Ending, now: number): boolean {
    return this.#transition(ending.state, 'finished_at = ?, ending = ?', now, JSON.stringify(ending));
  }

  #transition(to: State, set: string, ...values: (string | number)[]): boolean {
    const from = statesBefore(to);
    const where = `state IN (${from.map(() => '?').join(', ')})`;
    const moved = this.#storage.sql.exec(`UPDATE job SET state = ?, ${set} WHERE ${where} RETURNING one`, to, ...values, ...from);
    return moved.toArray().length === 1;
  }

  /** Sets a mark. Returns false if it was set before. */
  mark(column: Mark, now: number): boolean {
    return (
      this.#storage.sql.exec(`UPDATE job SET ${column} = ? WHERE ${column} IS NULL RETURNING one`, now).toArray().length === 1
    );
  }

  /** Stores the state id of the executor that is about to be asked to start the run, or null after its refusal. */
  setAskedState(state: string | null): void {
    this.#storage.sql.exec('UPDATE job SET asked_state = ?', state);
  }

  /** Runs `change` in a transaction. */
  atomically<T>(change: () => T): T {
    return this.#storage.transactionSync(change);
  }

  /** Moves the cursor from `after` to `last`. Returns false if another page was stored first. */
  advance(after: number, last: number, progress: Progress): boolean {
    const moved = this.#storage.sql.exec(
      `UPDATE job SET cursor = ?, progress = ? WHERE cursor = ? AND state = 'running' RETURNING one`,
      ...[last, JSON.stringify(progress), after],
    );
    return moved.toArray().length === 1;
  }

  /** Adds facts that come from no event to a job's progress. */
  note(facts: Partial<Pick<Progress, 'spent' | 'paidBy' | 'budgetUsd' | 'retryAt' | 'activity' | 'waitsFor' | 'answers'>>): void {
    const row = this.job();
    if (!row) return;
    this.#storage.sql.exec('UPDATE job SET progress = ?', JSON.stringify({ ...row.progress, ...facts }));
  }

  addEvent(seq: number, at: number, view: object): void {
    this.#storage.sql.exec('INSERT INTO event (seq, at, data) VALUES (?, ?, ?)', seq, Math.round(at), JSON.stringify(view));
  }

  /** Events after a cursor in their order, without their raw lines: at most `limit`, and at most `maxChars` as JSON unless one is longer. */
  events(after: number, limit: number, maxChars = Number.POSITIVE_INFINITY): Event[] {
    const query = 'SELECT seq, at, data FROM event WHERE seq > ? ORDER BY seq LIMIT ?';
    const events: Event[] = [];
    let left = maxChars;
    for (const { seq, at, data } of this.#storage.sql.exec<{ seq: number; at: number; data: string }>(query, after, limit)) {
      left -= data.length + EVENT_FACTS_CHARS;
      if (left < 0 && events.length > 0) break;
      events.push(readEvent({ ...JSON.parse(data), seq, at }));
    }
    return events;
  }

  /** The whole input of the step that an event asks about, or undefined. */
  askedInput(seq: number): string | undefined {
    const [event] = this.events(seq - 1, 1);
    return event?.kind === 'ask' && event.seq === seq ? event.input : undefined;
  }

  hasEventAfter(seq: number): boolean {
    return this.#storage.sql.exec('SELECT 1 FROM event WHERE seq > ? LIMIT 1', seq).toArray().length > 0;
  }
}
