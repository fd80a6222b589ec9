import { isoTime } from '../../clock.ts';

/** Fields with data of callers and CLIs, which are returned unchanged. */
const FOREIGN = ['structured', 'args', 'arguments', 'policy', 'shadow'];

/** The name of the ISO time beside a time in ms: `created` for `createdAt`, `time` for `at`. Undefined for any other field. */
const isoName = (field: string): string | undefined => (field === 'at' ? 'time' : /^([a-z]\w*)At$/.exec(field)?.[1]);

function isoField(field: string, value: unknown): [string, unknown][] {
  if (typeof value !== 'number') return [];
  const name = isoName(field);
  return name === undefined ? [] : [[name, isoTime(value)]];
}

function addTimes(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(addTimes);
  const fields = Object.entries(value).flatMap(([field, inner]): [string, unknown][] => [
    [field, FOREIGN.includes(field) ? inner : addTimes(inner)],
    ...isoField(field, inner),
  ]);
  return Object.fromEntries(fields);
}

/** A JSON value with an ISO 8601 time beside each time in ms, except inside data of callers and CLIs. */
export const withTimes = <T>(value: T): T => JSON.parse(JSON.stringify(addTimes(value)));
