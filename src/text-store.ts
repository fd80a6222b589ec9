import { splitText } from '../container/providers/pieces.ts';

/** The table of a `TextStore`. */
export const TEXT_SCHEMA = `
  CREATE TABLE IF NOT EXISTS piece (
    channel TEXT NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (channel, start)
  ) STRICT;`;

/** Texts of any length by the names of their channels, in pieces, because a row has at most 2 MB. */
export class TextStore<Channel extends string = string> {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
  }

  /** Adds text to the end of a channel. */
  append(channel: Channel, text: string): void {
    let start = this.length(channel);
    for (const piece of splitText(text)) {
      this.#sql.exec(
        'INSERT INTO piece (channel, start, length, text) VALUES (?, ?, ?, ?)',
        ...[channel, start, piece.length, piece],
      );
      start += piece.length;
    }
  }

  /** Length of a channel in UTF-16 units. */
  length(channel: Channel): number {
    const [row] = this.#sql
      .exec<{ total: number }>('SELECT start + length AS total FROM piece WHERE channel = ? ORDER BY start DESC LIMIT 1', channel)
      .toArray();
    return row?.total ?? 0;
  }

  /** Up to `units` UTF-16 units of a channel from `offset`, without loading what lies before. */
  read(channel: Channel, offset = 0, units = Number.MAX_SAFE_INTEGER - offset): string {
    const pieces = this.#sql.exec<{ start: number; text: string }>(
      'SELECT start, text FROM piece WHERE channel = ? AND start < ? AND start + length > ? ORDER BY start',
      ...[channel, offset + units, offset],
    );
    let text = '';
    for (const piece of pieces) text += piece.text.slice(Math.max(0, offset - piece.start), offset + units - piece.start);
    return text;
  }

  remove(channel: Channel): void {
    this.#sql.exec('DELETE FROM piece WHERE channel = ?', channel);
  }
}
