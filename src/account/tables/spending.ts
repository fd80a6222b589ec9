const SCHEMA = `
  CREATE TABLE IF NOT EXISTS spending (day TEXT PRIMARY KEY, usd REAL NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS held (job TEXT PRIMARY KEY, usd REAL NOT NULL) STRICT;`;

const dayOf = (now: number) => new Date(now).toISOString().slice(0, 10);

/** What an account spent today, by the UTC day, and what its jobs hold for model calls that are under way, in USD. */
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

  /** Stores what a job holds. */
  hold(job: string, usd: number): void {
    if (usd > 0) this.#sql.exec('INSERT OR REPLACE INTO held (job, usd) VALUES (?, ?)', job, usd);
    else this.#sql.exec('DELETE FROM held WHERE job = ?', job);
  }

  /** What all other jobs hold. */
  heldByOthers(job: string): number {
    return this.#sql.exec<{ usd: number }>('SELECT coalesce(sum(usd), 0) AS usd FROM held WHERE job <> ?', job).one().usd;
  }
}
