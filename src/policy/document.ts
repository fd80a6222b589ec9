import { z } from 'zod';
import { fail, messageOf, ok, type Result } from '../errors.ts';
import { ArgumentPath, Condition, patternSteps } from './condition.ts';
import { documentIssues, must, quote } from './issues.ts';
import { DOCUMENT_MAX_STEPS, mayCompile, PATTERNS_MAX_STEPS } from './pattern.ts';

/** Largest document, in characters of JSON. */
export const DOCUMENT_MAX_CHARS = 262_144;
const NAMES_MAX = 500;
const RULES_MAX = 200;

/** The calendar windows, in s. Counters restart with each UTC minute, hour and day. */
export const WINDOWS = { minute: 60, hour: 3_600, day: 86_400 } as const;
const LIMIT_SCOPES = ['grant', 'account'] as const;

/** What a job used. Estimated until the job ends. */
const USAGES = ['usage.costUsd', 'usage.totalTokens', 'runtimeSeconds'] as const;
export type UsageName = (typeof USAGES)[number];
export const isUsage = (name: string): name is UsageName => USAGES.some((usage) => usage === name);

const oneOf = (names: readonly string[]) =>
  names.map((name) => `"${name}"`).reduce((text, name, i) => `${text}${i === names.length - 1 ? ' or ' : ', '}${name}`);
const choice = <const T extends readonly [string, ...string[]]>(values: T) => z.enum(values, must(oneOf(values)));

const name = z
  .string(must('a name of 1 to 100 characters'))
  .regex(/^\S{1,100}$/, must('a name of 1 to 100 characters without blanks'));
const maximum = z.number(must('a number from 0')).min(0, must('a number from 0')).max(1e12, must('a number up to 1e12'));
const reason = z.string(must('a text')).max(500, must('a text of up to 500 characters'));
const SOURCES = `"args." and the name of an argument, ${oneOf(USAGES)}`;
const source = z.string(must(SOURCES)).refine((from) => isUsage(from) || ArgumentPath.safeParse(from).success, must(SOURCES));

/** Counts calls, an argument or what a job used, and refuses a call that would exceed `max`. */
const Limit = z.strictObject(
  {
    /** Limits with the same counter, window and scope count together, also across tools. */
    counter: name,
    window: choice(['minute', 'hour', 'day']),
    max: maximum,
    /** Count the calls of one grant together, or of the whole account. */
    scope: choice(LIMIT_SCOPES).default('grant'),
    /** Count this instead of 1 per call. */
    increment_from: source.optional(),
  },
  must('an object of counter, window, max and scope'),
);
export type Limit = z.infer<typeof Limit>;

/** Short form of a limit with a counter of its own. */
const RateLimit = z.strictObject(
  {
    max: maximum,
    /** In s, aligned to the clock: 60, 3600 and 86400 are the calendar windows. */
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

function limitPatterns({ require, deny_if, require_approval_if }: Conditions, context: z.RefinementCtx): void {
  const steps = patternSteps([...require, ...deny_if, ...require_approval_if]);
  const message = `has patterns of ${steps} instructions together, limit ${PATTERNS_MAX_STEPS}: use fewer or shorter ones`;
  if (steps > PATTERNS_MAX_STEPS) context.addIssue({ code: 'custom', message });
}

const ruleShape = {
  action: choice(['allow', 'deny', 'require_approval']).optional(),
  /** Shown to the requester and to the approver. */
  reason: reason.optional(),
  /** The call is denied unless all hold. */
  require: conditions,
  /** The call is denied if any holds. */
  deny_if: conditions,
  /** The call needs approval if any holds. */
  require_approval_if: conditions,
  limits,
  rate_limit: RateLimit.optional(),
  /** Unfinished jobs of the tool that a grant may have, queued and held ones included. */
  max_running: z.int(must('a whole number from 0')).min(0, must('a whole number from 0')).optional(),
};

/** The rule of a tool. An empty one allows every call. */
const Rule = z.strictObject(ruleShape, must('an object of rules')).superRefine(limitPatterns);
export type Rule = z.infer<typeof Rule>;

const TOOL_NAME = must('the name of a tool, or a prefix and a *');
const TOOL_RULES = must('an object of tools');

/** A tool's name or, with a * at the end, every tool whose name begins with it. */
const toolName = z.string(must('the name of a tool')).regex(/^([A-Za-z0-9_.-]{1,128}\*?|\*)$/, TOOL_NAME);

const refuseDuplicates = (names: string[], context: z.RefinementCtx) => {
  for (const [i, entry] of names.entries())
    if (names.indexOf(entry) !== i)
      context.addIssue({ code: 'custom', path: [i], message: `duplicate entry ${quote(entry)}; name each once` });
};

/** A policy of version "1": PolicyLayer's format, with extensions of this gateway. */
const Document = z.strictObject(
  {
    version: z.literal('1', must('"1"')),
    /** The action for unlisted tools. */
    default: choice(['allow', 'deny']),
    /** Tools that are not listed to the client, and answer as unknown. */
    hide: z
      .array(toolName, must('a list of tools'))
      .max(NAMES_MAX, must(`at most ${NAMES_MAX} names`))
      .superRefine(refuseDuplicates)
      .default([]),
    all_tools: z.strictObject({ limits }, must('an object of limits')).default({ limits: [] }),
    tools: z
      .record(toolName, Rule, { error: (issue) => (issue.code === 'invalid_key' ? TOOL_NAME : TOOL_RULES).error(issue) })
      .refine((tools) => Object.keys(tools).length <= NAMES_MAX, must(`at most ${NAMES_MAX} tools`))
      .default({}),
  },
  must('a JSON object'),
);
/** A document with its defaults filled in. */
export type PolicyDocument = z.infer<typeof Document>;
/** A document before its defaults are filled in. */
export type PolicyInput = z.input<typeof Document>;

/** The known fields of a place in a document. */
function fieldsAt(path: readonly PropertyKey[]): string[] {
  const [first, , list, index] = path;
  if (first === undefined) return Object.keys(Document.shape);
  if (first === 'all_tools') return path.length > 1 ? Object.keys(Limit.shape) : ['limits'];
  if (list === 'rate_limit') return Object.keys(RateLimit.shape);
  if (index === undefined) return Object.keys(ruleShape);
  return list === 'limits' ? Object.keys(Limit.shape) : Object.keys(Condition.shape);
}

/** Validates a document, given as JSON or as text. Fails with all of its issues, each with its place. */
export function readDocument(written: unknown): Result<PolicyDocument> {
  const wrong = (issues: string[]) => fail({ code: 'invalid_input', issues: issues.map((issue) => `${issue}.`) });
  const text = typeof written === 'string' ? written : (JSON.stringify(written) ?? '');
  if (text.length > DOCUMENT_MAX_CHARS) return wrong([`the document has ${text.length} characters, limit ${DOCUMENT_MAX_CHARS}`]);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return wrong([`the document is not valid JSON: ${messageOf(error)}`]);
  }
  if (!mayCompile(text))
    return wrong([`the patterns compile to more than ${DOCUMENT_MAX_STEPS} instructions together: use fewer or shorter ones`]);
  const parsed = Document.safeParse(json);
  return parsed.success ? ok(parsed.data) : wrong(documentIssues(parsed.error, fieldsAt));
}
