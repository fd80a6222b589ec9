import { z } from 'zod';
import { Event } from '../../container/protocol.ts';
import { addColumns } from '../sql.ts';
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
  CREATE TABLE IF NOT EXISTS piece (
    channel TEXT NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (channel, start)
  ) STRICT;`;

/** Columns that jobs of earlier versions lack. */
const LATER = { hold: 'TEXT', approved_at: 'INTEGER' } as const;

const json = <T extends z.ZodType>(type: T) => z.string().transform((text) => type.parse(JSON.parse(text)));
const Row = z.object({
  spec: json(JobSpec.omit({ prompt: true })),
  run_token: z.string(),
  state: z.enum(STATES),
  created_at: z.number(),
  started_at: z.number().nullable(),
  finished_at: z.number().nullable(),
  cancel_requested_at: z.number().nullable(),
  admitted_at: z.number().nullable(),
  /** Why it waits for a person; stays when that is over. */
  hold: json(Hold).nullable(),
  approved_at: z.number().nullable(),
  /** State of the executor that was asked for the run and has not answered; its answer may be lost. */
  asked_state: z.string().nullable(),
  cursor: z.number(),
  progress: json(Progress),
  ending: json(Ending).nullable(),
  settled_at: z.number().nullable(),
  acked_at: z.number().nullable(),
});
/** The prompt may have a megabyte and is read when it is sent, not with every look at the job. */
const COLUMNS = Object.keys(Row.shape).join(', ');
/** The job's one row, parsed, without its prompt. */
export type JobRow = z.infer<typeof Row>;

/** Marks that are set once: turn given, cancel asked for, told to the account, told to the executor. */
type Mark = 'admitted_at' | 'cancel_requested_at' | 'settled_at' | 'acked_at';

/** Text that a job keeps beside its events: the CLI's two streams, what it said so far, and answer N and its structured output. */
export type Channel = 'stdout' | 'stderr' | 'said' | `answer:${number}` | `structured:${number}`;

/** All SQL of one job. Every write that depends on a state says so in its WHERE. */
export class JobStore {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    if (this.#exists()) addColumns(storage.sql, 'job', LATER);
  }

  #exists(): boolean {
    return this.#storage.sql.exec(`SELECT 1 FROM sqlite_master WHERE name = 'job'`).toArray().length === 1;
  }

  /** The job, or null where none was ever created. */
  job(): JobRow | null {
    if (!this.#exists()) return null;
    const [row] = this.#storage.sql.exec(`SELECT ${COLUMNS} FROM job`).toArray();
    return row ? Row.parse(row) : null;
  }

  prompt(): string {
    return z.object({ prompt: z.string() }).parse(this.#storage.sql.exec('SELECT prompt FROM job').one()).prompt;
  }

  /** Stores a new job, held where `hold` says why; a second call changes nothing. */
  create({ prompt, ...spec }: JobSpec, runToken: string, now: number, hold?: Hold): void {
    this.#storage.sql.exec(SCHEMA);
    addColumns(this.#storage.sql, 'job', LATER);
    this.#storage.sql.exec(
      `INSERT OR IGNORE INTO job (one, spec, prompt, run_token, state, created_at, progress, hold) VALUES (1, ?, ?, ?, ?, ?, '{}', ?)`,
      ...[JSON.stringify(spec), prompt, runToken, hold ? 'held' : 'queued', now, hold ? JSON.stringify(hold) : null],
    );
  }

  /** held to queued. False where the job is in another state. */
  approve(now: number): boolean {
    return this.#move('queued', 'approved_at = ?', now);
  }

  /** queued to running. False where the job is in another state. */
  start(now: number): boolean {
    return this.#move('running', 'started_at = ?', now);
  }

  /** To a terminal state. False where the job is over already, or may not go there. */
  finish(ending: Ending, now: number): boolean {
    return this.#move(ending.state, 'finished_at = ?, ending = ?', now, JSON.stringify(ending));
  }

  #move(to: State, set: string, ...values: (string | number)[]): boolean {
    const from = statesBefore(to);
    const where = `state IN (${from.map(() => '?').join(', ')})`;
    const moved = this.#storage.sql.exec(`UPDATE job SET state = ?, ${set} WHERE ${where} RETURNING one`, to, ...values, ...from);
    return moved.toArray().length === 1;
  }

  /** Sets a mark. False where it was set before. */
  mark(column: Mark, now: number): boolean {
    return (
      this.#storage.sql.exec(`UPDATE job SET ${column} = ? WHERE ${column} IS NULL RETURNING one`, now).toArray().length === 1
    );
  }

  /** Remembers which executor's state is asked for the run, before it is; null once it has refused. */
  ask(state: string | null): void {
    this.#storage.sql.exec('UPDATE job SET asked_state = ?', state);
  }

  /** Runs `change` so that all of its writes are kept or none. */
  atomically<T>(change: () => T): T {
    return this.#storage.transactionSync(change);
  }

  /** Moves the cursor from `after` to `last`. False where another page came first. */
  advance(after: number, last: number, progress: Progress): boolean {
    const moved = this.#storage.sql.exec(
      `UPDATE job SET cursor = ?, progress = ? WHERE cursor = ? AND state = 'running' RETURNING one`,
      ...[last, JSON.stringify(progress), after],
    );
    return moved.toArray().length === 1;
  }

  /** Adds to the progress of a job that is not over what no event tells. */
  note(facts: Partial<Pick<Progress, 'spent' | 'budgetUsd' | 'activity' | 'answers'>>): void {
    const row = this.job();
    if (!row) return;
    this.#storage.sql.exec('UPDATE job SET progress = ?', JSON.stringify({ ...row.progress, ...facts }));
  }

  addEvent(seq: number, at: number, view: object): void {
    this.#storage.sql.exec('INSERT INTO event (seq, at, data) VALUES (?, ?, ?)', seq, Math.round(at), JSON.stringify(view));
  }

  /** Events after a cursor, oldest first, without their raw lines. */
  events(after: number, limit: number): Event[] {
    const rows = this.#storage.sql
      .exec('SELECT seq, at, data FROM event WHERE seq > ? ORDER BY seq LIMIT ?', after, limit)
      .toArray();
    return rows.map(({ seq, at, data }) => Event.parse({ seq, at, ...JSON.parse(String(data)) }));
  }

  /** Adds text to the end of a channel. */
  append(channel: Channel, text: string): void {
    if (text.length === 0) return;
    this.#storage.sql.exec(
      'INSERT INTO piece (channel, start, length, text) VALUES (?, ?, ?, ?)',
      ...[channel, this.length(channel), text.length, text],
    );
  }

  /** UTF-16 units in a channel. */
  length(channel: Channel): number {
    const [row] = this.#storage.sql
      .exec<{ total: number }>('SELECT start + length AS total FROM piece WHERE channel = ? ORDER BY start DESC LIMIT 1', channel)
      .toArray();
    return row?.total ?? 0;
  }

  /** Up to `units` UTF-16 units of a channel from `offset`, without loading what lies before. */
  read(channel: Channel, offset: number, units: number): string {
    const pieces = this.#storage.sql.exec<{ start: number; text: string }>(
      'SELECT start, text FROM piece WHERE channel = ? AND start < ? AND start + length > ? ORDER BY start',
      ...[channel, offset + units, offset],
    );
    let text = '';
    for (const piece of pieces) text += piece.text.slice(Math.max(0, offset - piece.start), offset + units - piece.start);
    return text;
  }
}
