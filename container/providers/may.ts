import { z } from 'zod';
import { dangerous } from './option.ts';
import type { IgnoredOption, Option, Permissions } from './provider.ts';

const LEVELS = ['read', 'edit', 'run'] as const;

type Level = (typeof LEVELS)[number];
type Values = Record<string, unknown>;

/** The level of a run whose request sets no permission. */
const DEFAULT_LEVEL: Level = 'edit';

const Level = z.enum(LEVELS);

/** The option of every provider that sets what a run may do. */
export const mayOption: Option = dangerous(
  { type: Level.optional().describe('Default edit: change files of its directory. run: any command. The rest is denied.') },
  'run',
);

/** Whether a value of a permission option permits anything. */
const isPermitting = (value: unknown) => value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0);

const rulesOf = (value: unknown) => z.array(z.string()).catch([]).parse(value);

/** The level of a request, or undefined if other options set its permissions. */
function levelOf({ skip, allow }: Permissions, given: Values): Level | undefined {
  const level = Level.safeParse(given.may);
  if (level.success) return level.data;
  return [given.permissionMode, given[skip], given[allow]].some(isPermitting) ? undefined : DEFAULT_LEVEL;
}

/** Option values with the permission mode and the rules that their level sets. */
export function applyLevel(permissions: Permissions, given: Values): Values {
  const level = levelOf(permissions, given);
  if (level === undefined) return given;
  const { modes, rules } = permissions.levels[level];
  const allowed = [...rules, ...rulesOf(given[permissions.allow])];
  return {
    ...given,
    permissionMode: given.permissionMode ?? modes[0],
    ...(allowed.length > 0 && { [permissions.allow]: allowed }),
  };
}

/** Permission options that contradict `may`. */
export function levelConflicts({ skip, allow, levels }: Permissions, given: Values): string[] {
  const level = Level.safeParse(given.may).data;
  if (level === undefined) return [];
  const { permissionMode: mode } = given;
  const wrong = [
    ...(typeof mode === 'string' && !levels[level].modes.includes(mode) ? [`permissionMode ${mode}`] : []),
    ...(given[skip] === true && level !== 'run' ? [skip] : []),
    ...(rulesOf(given[allow]).length > 0 && level === 'read' ? [allow] : []),
  ];
  return wrong.map((option) => `may "${level}" contradicts ${option}. Give one of them.`);
}

const permitsAll = ({ skip, levels }: Permissions, given: Values) =>
  given.may === 'run' || given[skip] === true || levels.run.modes.some((mode) => mode === given.permissionMode);

/** Rules that permit calls which are permitted anyway. */
export const rulesWithoutEffect = (permissions: Permissions, given: Values): IgnoredOption[] =>
  permitsAll(permissions, given) && rulesOf(given[permissions.allow]).length > 0
    ? [{ option: permissions.allow, reason: 'every call is permitted already' }]
    : [];

/**
 * The options of a request that permits denied calls of an earlier one, or undefined if no level does: an approver or a rule of the
 * request denied them, or they were denied although everything is permitted.
 */
export function optionsThatPermit(permissions: Permissions, given: Values, denied: string[]): Values | undefined {
  const { skip, allow, deny, editors } = permissions;
  const { may, permissionMode, [skip]: _skips, [allow]: _rules, ...rest } = given;
  const isDecided = permissionMode === 'ask' || isPermitting(given[deny]);
  if (isDecided || permitsAll(permissions, given)) return undefined;
  const level: Level = may === 'read' && denied.every((tool) => editors.includes(tool)) ? 'edit' : 'run';
  return { ...rest, may: level };
}
