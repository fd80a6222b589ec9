import { z } from 'zod';
import { Usage } from '../../container/protocol.ts';
import { addUsage, NO_USAGE } from '../../container/providers/usage.ts';

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

const Budget = z.object({ maxBudgetUsd: z.number().optional() });

/** The budget in USD that a request gave itself and has passed; undefined where there is none. */
export function passedBudget(options: Record<string, unknown>, { costUsd = 0 }: Usage): number | undefined {
  const { maxBudgetUsd } = Budget.parse(options);
  return maxBudgetUsd !== undefined && costUsd > maxBudgetUsd ? maxBudgetUsd : undefined;
}
