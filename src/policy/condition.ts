import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { must, quote } from './issues.ts';
import { compilePattern, type Pattern, TEXT_MAX_CHARS } from './pattern.ts';

/** Result of a condition; `indeterminate` if a text is too long for its pattern. */
export type ConditionResult = 'holds' | 'fails' | 'indeterminate';
type OperatorTest = (found: unknown, wanted: unknown, pattern: Pattern | undefined) => ConditionResult;

interface Operator {
  /** Type of its value. */
  value: z.ZodType;
  wants: string;
  test: OperatorTest;
}

const any = z.unknown();
const anyList = z.array(any);
const resultOf = (holds: boolean): ConditionResult => (holds ? 'holds' : 'fails');

/** Compares numbers. Any other type fails. */
const ordered = (holds: (found: number, wanted: number) => boolean): Operator => ({
  value: z.number(),
  wants: 'a number',
  test: (found, wanted) => resultOf(typeof found === 'number' && typeof wanted === 'number' && holds(found, wanted)),
});

const isOneOf = (found: unknown, wanted: unknown) =>
  Array.isArray(wanted) && wanted.some((entry) => isDeepStrictEqual(entry, found));

function contains(found: unknown, wanted: unknown): boolean {
  if (typeof found === 'string') return typeof wanted === 'string' && found.includes(wanted);
  return Array.isArray(found) && found.some((entry) => isDeepStrictEqual(entry, wanted));
}

/** Whether a list has an entry that another one lacks. What is not a list exceeds any. */
const exceeds = (found: unknown, wanted: unknown) =>
  found !== undefined && !(Array.isArray(found) && found.every((entry) => isOneOf(entry, wanted)));

function matches(found: unknown, pattern: Pattern | undefined): ConditionResult {
  if (typeof found !== 'string' || !pattern) return 'fails';
  return found.length > TEXT_MAX_CHARS ? 'indeterminate' : resultOf(pattern.test(found));
}

/** Comparisons of an argument, by Intercept's names. An absent argument equals nothing, is in no list and has no entries. */
export const OPERATORS = {
  eq: { value: any, wants: 'a value', test: (found, wanted) => resultOf(isDeepStrictEqual(found, wanted)) },
  neq: { value: any, wants: 'a value', test: (found, wanted) => resultOf(!isDeepStrictEqual(found, wanted)) },
  in: { value: anyList, wants: 'a list', test: (found, wanted) => resultOf(isOneOf(found, wanted)) },
  not_in: { value: anyList, wants: 'a list', test: (found, wanted) => resultOf(!isOneOf(found, wanted)) },
  lt: ordered((found, wanted) => found < wanted),
  lte: ordered((found, wanted) => found <= wanted),
  gt: ordered((found, wanted) => found > wanted),
  gte: ordered((found, wanted) => found >= wanted),
  regex: { value: z.string(), wants: 'a pattern as text', test: (found, _wanted, pattern) => matches(found, pattern) },
  contains: { value: any, wants: 'a value', test: (found, wanted) => resultOf(contains(found, wanted)) },
  not_within: { value: anyList, wants: 'a list', test: (found, wanted) => resultOf(exceeds(found, wanted)) },
  exists: { value: z.boolean(), wants: 'true or false', test: (found, wanted) => resultOf((found !== undefined) === wanted) },
} as const satisfies Record<string, Operator>;
type OperatorName = keyof typeof OPERATORS;

const names = Object.keys(OPERATORS);
const isOperator = (name: unknown): name is OperatorName => names.some((known) => known === name);
const Name = z.custom<OperatorName>(isOperator, {
  error: ({ input }) => `unknown operator ${quote(input)}; use one of ${names.join(', ')}`,
});

/** The path of the fact whether a call concerns the connection's own job. */
const OWN_JOB = 'job.own';

/** A path of the form `args.a.b` into nested arguments. A number is an index into a list. */
export const ArgumentPath = z
  .string(must('"args." and the name of an argument'))
  .max(200)
  .regex(/^args(\.[^.\s]+)+$/, must('"args." and the name of an argument'));

/** What a condition compares: an argument, or whether the job is the connection's own. */
const PATHS = '"args." and the name of an argument, or "job.own"';
const ConditionPath = z
  .string(must(PATHS))
  .refine((path) => path === OWN_JOB || ArgumentPath.safeParse(path).success, must(PATHS));

/** A condition on a call, as a document states it. */
export const Condition = z
  .strictObject({ path: ConditionPath, op: Name, value: z.unknown().optional() }, must('an object of path, op and value'))
  .superRefine(({ op, value }, context) => {
    const { value: type, wants } = OPERATORS[op];
    if (value === undefined || !type.safeParse(value).success)
      return context.addIssue({ code: 'custom', message: `operator "${op}" requires ${wants}, got ${quote(value)}` });
    const compiled = op === 'regex' ? compilePattern(String(value)) : undefined;
    if (compiled && 'problem' in compiled)
      context.addIssue({ code: 'custom', message: `the pattern ${quote(value)} cannot be used: ${compiled.problem}` });
  });
export type Condition = z.infer<typeof Condition>;

const patternOf = ({ op, value }: Condition): Pattern | undefined => {
  const compiled = op === 'regex' ? compilePattern(String(value)) : undefined;
  return compiled && 'pattern' in compiled ? compiled.pattern : undefined;
};

/** Number of instructions of the patterns in some conditions. */
export const patternSteps = (conditions: Condition[]): number =>
  conditions.reduce((sum, condition) => sum + (patternOf(condition)?.programSize() ?? 0), 0);

/** What conditions are tested on. */
export interface Facts {
  args: Record<string, unknown>;
  job: {
    /**
     * Whether the calling connection requested the job that the call names, or all jobs of the conversation that it continues. False also for an
     * unknown one, and undefined if the call concerns no earlier job.
     */
    own?: boolean | undefined;
  };
}

/** The fact at a path of the form `args.a.b`, or undefined. */
export function factAt(facts: Facts, path: string): unknown {
  let found: unknown = facts;
  for (const step of path.split('.')) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = Object.getOwnPropertyDescriptor(found, step)?.value;
  }
  return found;
}

/** A condition in words. */
const describeCondition = ({ path, op, value }: Condition) => `${path} ${op} ${quote(value)}`;

/** A condition that can be tested. `text` states it. */
export interface CompiledCondition {
  text: string;
  test: (facts: Facts) => ConditionResult;
}

/** Compiles a condition with its pattern. */
export function compileCondition(condition: Condition): CompiledCondition {
  const { path, op, value } = condition;
  const pattern = patternOf(condition);
  const operatorTest: OperatorTest = OPERATORS[op].test;
  return { text: describeCondition(condition), test: (facts) => operatorTest(factAt(facts, path), value, pattern) };
}
