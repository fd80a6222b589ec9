import type { IgnoredOption } from './provider.ts';

type Values = Record<string, unknown>;

/** A case in which an option has no effect: its name, the condition on a request's options, and the reason. */
export type IgnoredCase = readonly [
  option: string,
  isIgnored: (given: Values, isContinued: boolean) => boolean,
  reason: string | ((given: Values) => string),
];

/** The given options to which a case applies. */
export const ignoredBy = (cases: readonly IgnoredCase[], given: Values, isContinued: boolean): IgnoredOption[] =>
  cases.flatMap(([option, isIgnored, reason]) =>
    given[option] !== undefined && isIgnored(given, isContinued)
      ? [{ option, reason: typeof reason === 'string' ? reason : reason(given) }]
      : [],
  );

/** Entries of a list that have no effect for the same reason. None if the list is empty. */
export const ignoredEntries = (option: string, entries: string[], reason: string): IgnoredOption[] =>
  entries.length === 0 ? [] : [{ option, reason: `${[...new Set(entries)].join(', ')}: ${reason}` }];
