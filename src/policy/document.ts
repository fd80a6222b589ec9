import { z } from 'zod';
import { fail, messageOf, ok, type Result } from '../errors.ts';
import { complaints, must, shown } from './complaint.ts';
import { ArgumentPath, Condition, patternSteps } from './condition.ts';
import { DOCUMENT_MAX_STEPS, mayCompile, PATTERNS_MAX_STEPS } from './pattern.ts';

/** Largest document, in characters of JSON. */
const DOCUMENT_MAX_CHARS = 262_144;
const NAMES_MAX = 500;
const RULES_MAX = 200;

/** The calendar windows, in s: counters begin anew with each UTC minute, hour and day. */
export const WINDOWS = { minute: 60, hour: 3_600, day: 86_400 } as const;
const SCOPES = ['grant', 'account'] as const;

/** What a job really used; known at its end, and estimated before. */
const USAGES = ['usage.costUsd', 'usage.totalTokens', 'runtimeSeconds'] as const;
export type UsageName = (typeof USAGES)[number];
export const isUsage = (name: string): name is UsageName => USAGES.some((usage) => usage === name);

const oneOf = (names: readonly string[]) =>
  names.map((name) => `"${name}"`).reduce((text, name, i) => `${text}${i === names.length - 1 ? ' or ' : ', '}${name}`);
const choice = <const T extends readonly [string, ...string[]]>(values: T) => z.enum(values, must(oneOf(values)));

const name = z
  .string(must('a name of 1 to 100 characters'))
  .regex(/^\S{1,100}$/, must('a name of 1 to 100 characters without blanks'));
const most = z.number(must('a number from 0')).min(0, must('a number from 0')).max(1e12, must('a number up to 1e12'));
const reason = z.string(must('a text')).max(500, must('a text of up to 500 characters'));
const SOURCES = `"args." and the name of an argument, ${oneOf(USAGES)}`;
const source = z.string(must(SOURCES)).refine((from) => isUsage(from) || ArgumentPath.safeParse(from).success, must(SOURCES));

/** Counts calls, or an argument's value, or what a job used, and refuses what would pass `max`. */
const Limit = z.strictObject(
  {
    /** Limits of one counter, window and scope count together, whatever tool they stand under. */
    counter: name,
    window: choice(['minute', 'hour', 'day']),
    max: most,
    /** Whose calls are counted together. */
    scope: choice(SCOPES).default('grant'),
    /** What is counted in place of 1. */
    increment_from: source.optional(),
  },
  must('an object of counter, window, max and scope'),
);
export type Limit = z.infer<typeof Limit>;

/** The short form of a limit that has a counter of its own. */
const RateLimit = z.strictObject(
  {
    max: most,
    /** s, aligned to the clock: 60, 3600 and 86400 are the calendar windows. */
    window: z
      .int(must('whole seconds from 1 to 86400'))
      .min(1, must('whole seconds from 1'))
      .max(86_400, must('seconds up to 86400')),
  },
  must('an object of max and window'),
);

const conditions = z
  .array(Condition, must('a list of conditions'))
  .max(RULES_MAX, must(`at most ${RULES_MAX} conditions`))
  .default([]);
const limits = z
  .array(Limit, must('a list of limits'))
  .max(RULES_MAX, must(`at most ${RULES_MAX} limits`))
  .default([]);

type Conditions = Record<'require' | 'deny_if' | 'require_approval_if', Condition[]>;

function fewSteps({ require, deny_if, require_approval_if }: Conditions, context: z.RefinementCtx): void {
  const steps = patternSteps([...require, ...deny_if, ...require_approval_if]);
  const message = `has patterns of ${steps} instructions together, the most is ${PATTERNS_MAX_STEPS}: use fewer or shorter ones`;
  if (steps > PATTERNS_MAX_STEPS) context.addIssue({ code: 'custom', message });
}

const ruleShape = {
  action: choice(['allow', 'deny', 'require_approval']).optional(),
  /** Told to who is refused, and to who is asked. */
  reason: reason.optional(),
  /** All have to hold, else the call is denied. */
  require: conditions,
  /** Any that holds denies the call. */
  deny_if: conditions,
  /** Any that holds asks a person. */
  require_approval_if: conditions,
  limits,
  rate_limit: RateLimit.optional(),
  /** Jobs of the tool that a grant may have at once, those that wait included. */
  max_running: z.int(must('a whole number from 0')).min(0, must('a whole number from 0')).optional(),
};

/** What holds for one tool. Empty under default deny: every call is allowed. */
const Rule = z.strictObject(ruleShape, must('an object of rules')).superRefine(fewSteps);
export type Rule = z.infer<typeof Rule>;

const TOOL_NAME = must('the name of a tool, or its beginning and a *');
const TOOLS = must('an object of tools');

/** A tool's name; with a * at the end, every tool whose name begins so. */
const toolName = z.string(must('the name of a tool')).regex(/^([A-Za-z0-9_.-]{1,128}\*?|\*)$/, TOOL_NAME);

const noTwice = (names: string[], context: z.RefinementCtx) => {
  for (const [i, entry] of names.entries())
    if (names.indexOf(entry) !== i)
      context.addIssue({ code: 'custom', path: [i], message: `duplicate entry ${shown(entry)}; name each once` });
};

/** A policy of version "1", as PolicyLayer's hosted form writes it, and what this gateway knows beyond it. */
const Document = z.strictObject(
  {
    version: z.literal('1', must('"1"')),
    /** What happens to tools that are not listed. */
    default: choice(['allow', 'deny']),
    /** Tools that are not shown and answer as unknown. */
    hide: z
      .array(toolName, must('a list of tools'))
      .max(NAMES_MAX, must(`at most ${NAMES_MAX} names`))
      .superRefine(noTwice)
      .default([]),
    all_tools: z.strictObject({ limits }, must('an object of limits')).default({ limits: [] }),
    tools: z
      .record(toolName, Rule, { error: (issue) => (issue.code === 'invalid_key' ? TOOL_NAME : TOOLS).error(issue) })
      .refine((tools) => Object.keys(tools).length <= NAMES_MAX, must(`at most ${NAMES_MAX} tools`))
      .default({}),
  },
  must('a JSON object'),
);
/** A document with its defaults filled in. */
export type PolicyDocument = z.infer<typeof Document>;
/** A document as somebody wrote it. */
export type PolicyInput = z.input<typeof Document>;

/** The fields that are known at a place in a document. */
function fieldsAt(path: readonly PropertyKey[]): string[] {
  const [first, , list, index] = path;
  if (first === undefined) return Object.keys(Document.shape);
  if (first === 'all_tools') return path.length > 1 ? Object.keys(Limit.shape) : ['limits'];
  if (list === 'rate_limit') return Object.keys(RateLimit.shape);
  if (index === undefined) return Object.keys(ruleShape);
  return list === 'limits' ? Object.keys(Limit.shape) : Object.keys(Condition.shape);
}

/** A document that was written as JSON, or as text of JSON, checked; else everything that is wrong with it, each with its place. */
export function readDocument(written: unknown): Result<PolicyDocument> {
  const wrong = (issues: string[]) => fail({ code: 'invalid_input', issues: issues.map((issue) => `${issue}.`) });
  const text = typeof written === 'string' ? written : (JSON.stringify(written) ?? '');
  if (text.length > DOCUMENT_MAX_CHARS)
    return wrong([`the document has ${text.length} characters, the most is ${DOCUMENT_MAX_CHARS}`]);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return wrong([`the document is no JSON: ${messageOf(error)}`]);
  }
  if (!mayCompile(text))
    return wrong([`the patterns compile to more than ${DOCUMENT_MAX_STEPS} instructions together: use fewer or shorter ones`]);
  const parsed = Document.safeParse(json);
  return parsed.success ? ok(parsed.data) : wrong(complaints(parsed.error, fieldsAt));
}
