import type { z } from 'zod';
import type { Option } from './provider.ts';

/** Arguments for a value: the bare flag for true, one `flag=value` for a scalar and one for each entry of a list. */
function plainArguments(flag: string, value: unknown): string[] {
  if (typeof value === 'boolean') return value ? [flag] : [];
  // With "=" a value that begins with "-" stays a value.
  return [value].flat().map((entry) => `${flag}=${String(entry)}`);
}

/** An option that becomes arguments; `argv` replaces the plain form and sees what the type has checked. */
export function option<T extends z.ZodType>(
  flag: string,
  type: T,
  about: string,
  argv: (value: z.output<T>) => string[] = (value) => plainArguments(flag, value),
): Option {
  return { type: type.optional().describe(about), flag, argv: (value) => argv(type.parse(value)) };
}

/** An option that goes into a file; `read` is the flag that reads it, where that is another one. */
export function fileOption<T extends z.ZodType>(
  flag: string,
  type: T,
  about: string,
  file: { name: string; text: (value: z.output<T>) => string; read?: string },
): Option {
  const text = (value: unknown) => file.text(type.parse(value));
  return { type: type.optional().describe(about), flag, file: { flag: file.read ?? flag, name: file.name, text } };
}

/** An option of which some values take a barrier away: those that equal `value`, or any where none is given. */
export const dangerous = (declared: Option, value?: unknown): Option => ({
  ...declared,
  danger: value === undefined ? { op: 'exists', value: true } : { op: 'eq', value },
});
