/** Adds missing columns to a table of an earlier version. `columns` maps names to declarations. Returns whether one was missing. */
export function addColumns(sql: SqlStorage, table: string, columns: Record<string, string>): boolean {
  const rows = sql.exec<{ name: string }>('SELECT name FROM pragma_table_info(?)', table).toArray();
  const known = new Set(rows.map(({ name }) => name));
  const missing = Object.entries(columns).filter(([name]) => !known.has(name));
  for (const [name, declaration] of missing) sql.exec(`ALTER TABLE ${table} ADD COLUMN ${name} ${declaration}`);
  return missing.length > 0;
}

/** True if a table exists. A store asks before it reads, so that reading an unused object creates nothing in it. */
export const hasTable = (sql: SqlStorage, name: string): boolean =>
  sql.exec('SELECT 1 FROM sqlite_master WHERE name = ?', name).toArray().length === 1;

/** Rows as values. A row that cannot be read is logged and left out, so that it does not hide the others. */
export function readRows<T>(
  rows: Iterable<Record<string, SqlStorageValue>>,
  read: (row: Record<string, SqlStorageValue>) => T,
): T[] {
  const found: T[] = [];
  for (const row of rows)
    try {
      found.push(read(row));
    } catch (error) {
      console.error(JSON.stringify({ message: 'unreadable row', columns: Object.keys(row), error: String(error) }));
    }
  return found;
}

/** The first `limit` rows that can be read, as values. `query` returns `limit` rows from an offset; one that cannot be read takes no place. */
export function readPage<T>(
  limit: number,
  query: (offset: number) => Record<string, SqlStorageValue>[],
  read: (row: Record<string, SqlStorageValue>) => T,
): T[] {
  const found: T[] = [];
  for (let offset = 0, isMore = true; isMore && found.length < limit; offset += limit) {
    const rows = query(offset);
    found.push(...readRows(rows, read));
    isMore = rows.length === limit;
  }
  return found.slice(0, limit);
}
