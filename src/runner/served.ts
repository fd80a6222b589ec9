const SCHEMA = 'CREATE TABLE IF NOT EXISTS served (job TEXT PRIMARY KEY) STRICT';

/** The jobs whose runs a container was asked for and that have not ended, by the names of their objects. */
export class Served {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
    this.#sql.exec(SCHEMA);
  }

  add(job: string): void {
    this.#sql.exec('INSERT OR IGNORE INTO served (job) VALUES (?)', job);
  }

  remove(job: string): void {
    this.#sql.exec('DELETE FROM served WHERE job = ?', job);
  }

  has(job: string): boolean {
    return this.#sql.exec('SELECT 1 FROM served WHERE job = ?', job).toArray().length > 0;
  }

  get isEmpty(): boolean {
    return this.#sql.exec('SELECT 1 FROM served LIMIT 1').toArray().length === 0;
  }

  /** Gives all and forgets them. */
  take(): string[] {
    return this.#sql
      .exec('DELETE FROM served RETURNING job')
      .toArray()
      .map(({ job }) => String(job));
  }
}
