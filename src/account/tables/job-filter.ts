import type { State } from '../../job/machine.ts';
import { hasWords } from './job-text.ts';

/** Which jobs a list shows, newest first. Times are ms since 1970. */
export interface ListFilter {
  state?: State | undefined;
  provider?: string | undefined;
  workspace?: string | undefined;
  sessionId?: string | undefined;
  correlationId?: string | undefined;
  /** The grant that requested it. */
  grant?: string | undefined;
  /** Requested at this time or later. */
  since?: number | undefined;
  /** Requested before this time. */
  until?: number | undefined;
  /** Words that the title, prompt and answer have together. */
  query?: string | undefined;
  /** Only jobs below this place. */
  before?: number | undefined;
  limit: number;
}

const COMPARISONS = {
  state: 'state = ?',
  provider: 'provider = ?',
  workspace: 'workspace = ?',
  sessionId: 'session = ?',
  correlationId: 'correlation_id = ?',
  grant: 'grant_id = ?',
  since: 'created_at >= ?',
  until: 'created_at < ?',
  before: 'place < ?',
} as const satisfies Record<Exclude<keyof ListFilter, 'query' | 'limit'>, string>;
const comparisons = new Map<string, string>(Object.entries(COMPARISONS));

/** The conditions, order and limit of a SELECT of jobs, and its values. */
export function selectionOf({ query, limit, ...rest }: ListFilter): [sql: string, values: (string | number)[]] {
  const given = Object.entries(rest).flatMap(([name, value]) => {
    const sql = comparisons.get(name);
    return sql === undefined || value === undefined ? [] : [{ sql, values: [value] }];
  });
  const all = query === undefined ? given : [...given, hasWords(query)];
  const where = all.length > 0 ? `WHERE ${all.map(({ sql }) => sql).join(' AND ')}` : '';
  return [`${where} ORDER BY place DESC LIMIT ?`, [...all.flatMap(({ values }) => values), limit]];
}
