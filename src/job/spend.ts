import { Usage } from '../../container/protocol.ts';
import { addUsage, NO_USAGE } from '../../container/providers/usage.ts';

const SCHEMA = 'CREATE TABLE IF NOT EXISTS spend (call TEXT PRIMARY KEY, usage TEXT NOT NULL) STRICT';

/** Usage of each model call of a job, as metered by the gate. A call reports its usage several times; the last report counts. */
export class SpendStore {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
  }

  /** Stores what a call has used so far. Returns the sum of all calls, and the USD by which it rose. */
  record(call: string, usage: Usage): { total: Usage; risenUsd: number } {
    this.#sql.exec(SCHEMA);
    const before = this.#total().costUsd ?? 0;
    this.#sql.exec('INSERT OR REPLACE INTO spend (call, usage) VALUES (?, ?)', call, JSON.stringify(usage));
    const total = this.#total();
    return { total, risenUsd: (total.costUsd ?? 0) - before };
  }

  #total(): Usage {
    const rows = this.#sql.exec('SELECT usage FROM spend').toArray();
    return rows.map(({ usage }) => Usage.parse(JSON.parse(String(usage)))).reduce(addUsage, NO_USAGE);
  }
}
