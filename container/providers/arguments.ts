import type { Option } from './provider.ts';

/** What checked option values become on a command line, and the files in `directory` that it names. */
export function argumentsOf(table: Record<string, Option>, values: Record<string, unknown>, directory: string) {
  const argv: string[] = [];
  const files: Record<string, string> = {};
  for (const [name, { argv: build, file }] of Object.entries(table)) {
    const value = values[name];
    if (value === undefined) continue;
    argv.push(...(build?.(value) ?? []));
    if (!file) continue;
    const path = `${directory}/${file.name}`;
    files[path] = file.text(value);
    argv.push(`${file.flag}=${path}`);
  }
  return { argv, files };
}
