import { z } from 'zod';

type Args = Record<string, unknown>;

/** Arguments that clients add and their users cannot remove (n8n). A tool's own parameter of such a name is kept. */
const INJECTED = new Set(['toolCallId', 'tool_call_id', 'tool', 'action', 'chatInput']);

/** The issue of a value, or undefined if it is accepted. */
const issueOf = (type: z.ZodType, value: unknown) => type.safeParse(value).error?.issues[0];

/** Whether a type refuses a value for its type, not for what it holds. */
function isWrongType(type: z.ZodType, value: unknown): boolean {
  const issue = issueOf(type, value);
  return issue?.path.length === 0 && ['invalid_type', 'invalid_union'].includes(issue.code ?? '');
}

/** What a text stands for: a boolean in any case, else its JSON. */
function valueIn(text: string): unknown {
  const lower = text.trim().toLowerCase();
  if (lower === 'true' || lower === 'false') return lower === 'true';
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A value as its type accepts it: a number, boolean, list or object from a text, or a text from a number. Any other stays. */
function convert(type: z.ZodType, value: unknown): unknown {
  if (typeof value !== 'string' && typeof value !== 'number') return value;
  if (!isWrongType(type, value)) return value;
  const other = typeof value === 'string' ? valueIn(value) : String(value);
  const isSame = typeof other === typeof value || other === null;
  return isSame || isWrongType(type, other) ? value : other;
}

const isObject = (value: unknown): value is Args => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The shape of an object type, optional or not; undefined for any other type. */
function shapeOf(type: unknown): z.ZodObject | undefined {
  if (type instanceof z.ZodOptional) return shapeOf(type.unwrap());
  return type instanceof z.ZodObject ? type : undefined;
}

function readValue(type: z.ZodType, value: unknown): unknown {
  const converted = convert(type, value);
  const inner = shapeOf(type);
  return inner && isObject(converted) ? lenientArgs(inner, converted) : converted;
}

/** Whether a value stands for an absent parameter: null or "" for an optional one, unless null has a meaning. */
const isAbsent = (type: z.ZodType, value: unknown) =>
  (value === '' || (value === null && issueOf(type, null) !== undefined)) && issueOf(type, undefined) === undefined;

/** Unknown parameters that are looked at. More of them change nothing, because one is refused. */
const MAX_UNKNOWN = 100;

/** The entries of arguments: all known ones, and the first unknown ones. */
function entriesOf(shape: Args, args: Args): [string, unknown][] {
  let unknown = 0;
  return Object.entries(args).filter(([name]) => Object.hasOwn(shape, name) || ++unknown <= MAX_UNKNOWN);
}

/**
 * The arguments that a caller means. Policies, approvals and duplicates see these, so that another spelling of a value passes no rule.
 */
export function lenientArgs({ shape }: z.ZodObject, args: Args): Args {
  const entries = entriesOf(shape, args).flatMap(([name, value]): [string, unknown][] => {
    const type: unknown = Object.hasOwn(shape, name) ? shape[name] : undefined;
    if (!(type instanceof z.ZodType)) return INJECTED.has(name) ? [] : [[name, value]];
    return isAbsent(type, value) ? [] : [[name, readValue(type, value)]];
  });
  return Object.fromEntries(entries);
}
