const SCHEMA = 'CREATE TABLE IF NOT EXISTS served (job TEXT PRIMARY KEY) STRICT';

/** Jobs with an unfinished run in this container, by the names of their objects. */
export class ActiveJobs {
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

  /** Removes all jobs and returns them. */
  takeAll(): string[] {
    return this.#sql
      .exec('DELETE FROM served RETURNING job')
      .toArray()
      .map(({ job }) => String(job));
  }
}
