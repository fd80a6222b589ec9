import { Usage } from '../../container/protocol.ts';
import { providers } from '../../container/providers/index.ts';
import { budgetOf } from '../../container/providers/option.ts';
import { addUsage, NO_USAGE } from '../../container/providers/usage.ts';
import type { JobSpec } from './record.ts';

const SCHEMA = 'CREATE TABLE IF NOT EXISTS spend (call TEXT PRIMARY KEY, usage TEXT NOT NULL) STRICT';

/** What the gate saw each model call of a job use. A call tells its usage several times; the last one counts. */
export class SpendStore {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
  }

  /** Keeps what a call used so far. Gives the sum of all calls, and the USD by which it rose. */
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

/** The budget in USD that a request set itself and has passed, or undefined. */
export function passedBudget(
  { provider, options }: Pick<JobSpec, 'provider' | 'options'>,
  { costUsd = 0 }: Usage,
): number | undefined {
  const budget = budgetOf(providers[provider], options);
  return budget !== undefined && costUsd > budget ? budget : undefined;
}
