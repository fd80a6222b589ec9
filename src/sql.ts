/** Adds columns to a table of an earlier version. Each is given as its name and its declaration. */
export function addColumns(sql: SqlStorage, table: string, columns: Record<string, string>): void {
  const rows = sql.exec<{ name: string }>('SELECT name FROM pragma_table_info(?)', table).toArray();
  const known = new Set(rows.map(({ name }) => name));
  for (const [name, declaration] of Object.entries(columns))
    if (!known.has(name)) sql.exec(`ALTER TABLE ${table} ADD COLUMN ${name} ${declaration}`);
}
