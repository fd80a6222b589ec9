import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { argumentAt } from './argument.ts';
import { must, shown } from './complaint.ts';
import { compilePattern, type Pattern, TEXT_MAX_CHARS } from './pattern.ts';

/** What a condition says about a call; `unjudged` where a text is too long for its pattern. */
export type Finding = 'holds' | 'fails' | 'unjudged';
type Test = (found: unknown, wanted: unknown, pattern: Pattern | undefined) => Finding;

interface Operator {
  /** What its value has to be. */
  value: z.ZodType;
  wants: string;
  test: Test;
}

const any = z.unknown();
const list = z.array(any);
const when = (holds: boolean): Finding => (holds ? 'holds' : 'fails');

/** Compares numbers; anything else fails. */
const ordered = (holds: (found: number, wanted: number) => boolean): Operator => ({
  value: z.number(),
  wants: 'a number',
  test: (found, wanted) => when(typeof found === 'number' && typeof wanted === 'number' && holds(found, wanted)),
});

const isOneOf = (found: unknown, wanted: unknown) =>
  Array.isArray(wanted) && wanted.some((entry) => isDeepStrictEqual(entry, found));

function contains(found: unknown, wanted: unknown): boolean {
  if (typeof found === 'string') return typeof wanted === 'string' && found.includes(wanted);
  return Array.isArray(found) && found.some((entry) => isDeepStrictEqual(entry, wanted));
}

function matches(found: unknown, pattern: Pattern | undefined): Finding {
  if (typeof found !== 'string' || !pattern) return 'fails';
  return found.length > TEXT_MAX_CHARS ? 'unjudged' : when(pattern.test(found));
}

/** How an argument may be compared: Intercept's words. An argument that is absent equals nothing and is in no list. */
export const OPERATORS = {
  eq: { value: any, wants: 'a value', test: (found, wanted) => when(isDeepStrictEqual(found, wanted)) },
  neq: { value: any, wants: 'a value', test: (found, wanted) => when(!isDeepStrictEqual(found, wanted)) },
  in: { value: list, wants: 'a list', test: (found, wanted) => when(isOneOf(found, wanted)) },
  not_in: { value: list, wants: 'a list', test: (found, wanted) => when(!isOneOf(found, wanted)) },
  lt: ordered((found, wanted) => found < wanted),
  lte: ordered((found, wanted) => found <= wanted),
  gt: ordered((found, wanted) => found > wanted),
  gte: ordered((found, wanted) => found >= wanted),
  regex: { value: z.string(), wants: 'a pattern as text', test: (found, _wanted, pattern) => matches(found, pattern) },
  contains: { value: any, wants: 'a value', test: (found, wanted) => when(contains(found, wanted)) },
  exists: { value: z.boolean(), wants: 'true or false', test: (found, wanted) => when((found !== undefined) === wanted) },
} as const satisfies Record<string, Operator>;
type OperatorName = keyof typeof OPERATORS;

const names = Object.keys(OPERATORS);
const isOperator = (name: unknown): name is OperatorName => names.some((known) => known === name);
const Name = z.custom<OperatorName>(isOperator, {
  error: ({ input }) => `unknown operator ${shown(input)}; use one of ${names.join(', ')}`,
});

/** `args.` and dots into nested arguments; a number is a place in a list. */
export const ArgumentPath = z
  .string(must('"args." and the name of an argument'))
  .max(200)
  .regex(/^args(\.[^.\s]+)+$/, must('"args." and the name of an argument'));

/** A statement about the arguments of a call, as a document writes it. */
export const Condition = z
  .strictObject({ path: ArgumentPath, op: Name, value: z.unknown().optional() }, must('an object of path, op and value'))
  .superRefine(({ op, value }, context) => {
    const { value: type, wants } = OPERATORS[op];
    if (value === undefined || !type.safeParse(value).success)
      return context.addIssue({ code: 'custom', message: `operator "${op}" requires ${wants}, got ${shown(value)}` });
    const compiled = op === 'regex' ? compilePattern(String(value)) : undefined;
    if (compiled && 'problem' in compiled)
      context.addIssue({ code: 'custom', message: `the pattern ${shown(value)} cannot be used: ${compiled.problem}` });
  });
export type Condition = z.infer<typeof Condition>;

const patternOf = ({ op, value }: Condition): Pattern | undefined => {
  const compiled = op === 'regex' ? compilePattern(String(value)) : undefined;
  return compiled && 'pattern' in compiled ? compiled.pattern : undefined;
};

/** Instructions of the patterns in conditions. */
export const patternSteps = (conditions: Condition[]): number =>
  conditions.reduce((sum, condition) => sum + (patternOf(condition)?.programSize() ?? 0), 0);

/** A condition as it reads. */
const describeCondition = ({ path, op, value }: Condition) => `${path} ${op} ${shown(value)}`;

/** A condition that is ready to be asked. */
export interface Question {
  text: string;
  ask: (args: Record<string, unknown>) => Finding;
}

/** Makes a condition ready: its pattern is compiled once. */
export function toQuestion(condition: Condition): Question {
  const { path, op, value } = condition;
  const pattern = patternOf(condition);
  const test: Test = OPERATORS[op].test;
  return { text: describeCondition(condition), ask: (args) => test(argumentAt(args, path), value, pattern) };
}
