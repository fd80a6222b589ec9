const SCHEMA = 'CREATE TABLE IF NOT EXISTS spending (day TEXT PRIMARY KEY, usd REAL NOT NULL) STRICT';

const dayOf = (now: number) => new Date(now).toISOString().slice(0, 10);

/** What an account spent today, by the UTC day, in USD. */
export class Spending {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
    this.#sql.exec(SCHEMA);
  }

  /** Adds to today's sum. */
  add(usd: number, now: number): void {
    this.#sql.exec('DELETE FROM spending WHERE day < ?', dayOf(now));
    this.#sql.exec(
      'INSERT INTO spending (day, usd) VALUES (?, ?) ON CONFLICT (day) DO UPDATE SET usd = usd + excluded.usd',
      ...[dayOf(now), usd],
    );
  }

  today(now: number): number {
    const [row] = this.#sql.exec<{ usd: number }>('SELECT usd FROM spending WHERE day = ?', dayOf(now)).toArray();
    return row?.usd ?? 0;
  }
}
