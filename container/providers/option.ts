import type { z } from 'zod';
import type { Option, Provider, Roles } from './provider.ts';

/** Arguments for a value: the bare flag for true, `flag=value` for a scalar and for each entry of a list. */
function plainArguments(flag: string, value: unknown): string[] {
  if (typeof value === 'boolean') return value ? [flag] : [];
  // With "=", a value that begins with "-" stays a value.
  return [value].flat().map((entry) => `${flag}=${String(entry)}`);
}

/** An option that becomes arguments. `argv` replaces the plain form and receives the parsed value. */
export function option<T extends z.ZodType>(
  flag: string,
  type: T,
  description: string,
  argv: (value: z.output<T>) => string[] = (value) => plainArguments(flag, value),
): Option {
  return { type: type.optional().describe(description), flag, argv: (value) => argv(type.parse(value)) };
}

/** An option that becomes a file. `read` is the flag that takes the file's path, if it differs from the option's flag. */
export function fileOption<T extends z.ZodType>(
  flag: string,
  type: T,
  description: string,
  file: { name: string; text: (value: z.output<T>) => string; read?: string },
): Option {
  const text = (value: unknown) => file.text(type.parse(value));
  return { type: type.optional().describe(description), flag, file: { flag: file.read ?? flag, name: file.name, text } };
}

/** An option that disables a safeguard if it equals `value`, or with any value if `value` is undefined. */
export const dangerous = (declared: Option, value?: unknown): Option => ({
  ...declared,
  danger: value === undefined ? { op: 'exists', value: true } : { op: 'eq', value },
});

/** An option whose list disables a safeguard if it has an entry outside `harmless`. */
export const limitedTo = (harmless: readonly string[], declared: Option): Option => ({
  ...declared,
  danger: { op: 'not_within', value: harmless },
});

/** The arguments for checked option values, and the files in `directory` that they name. */
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

/** The value of the provider's option in a role, or undefined. */
export function valueInRole(provider: Provider | undefined, role: keyof Roles, values: Record<string, unknown>): unknown {
  const name = provider?.roles[role];
  return name === undefined ? undefined : values[name];
}

/** The budget of a request in USD, or undefined. */
export function budgetOf(provider: Provider | undefined, values: Record<string, unknown>): number | undefined {
  const budget = valueInRole(provider, 'budget', values);
  return typeof budget === 'number' ? budget : undefined;
}
