import { RE2JS } from 're2js';
import { messageOf } from '../errors.ts';

/** Longest pattern, in characters. */
const PATTERN_MAX_CHARS = 500;
/** Instructions that one pattern may compile to: `a{250}` has about as many. */
const PATTERN_MAX_STEPS = 250;
/** Instructions of all patterns that one call may be matched against. */
export const PATTERNS_MAX_STEPS = 500;
/** Instructions of all patterns of a document, which bounds the cost of reading it. */
export const DOCUMENT_MAX_STEPS = 20_000;
/** Longest text that a pattern is matched against, in UTF-16 units. The time grows with text length times instructions only. */
export const TEXT_MAX_CHARS = 65_536;

/** A pattern in RE2's syntax, matched in linear time. */
export type Pattern = Pick<RE2JS, 'test' | 'programSize'>;

/** Compiles a pattern, or reports why it is not valid. */
export function compilePattern(source: string): { pattern: Pattern } | { problem: string } {
  if (source.length > PATTERN_MAX_CHARS) return { problem: `has ${source.length} characters, limit ${PATTERN_MAX_CHARS}` };
  try {
    const pattern = RE2JS.compile(source);
    const steps = pattern.programSize();
    if (steps > PATTERN_MAX_STEPS)
      return { problem: `compiles to ${steps} instructions, limit ${PATTERN_MAX_STEPS}: use fewer repetitions` };
    return { pattern };
  } catch (error) {
    return { problem: messageOf(error).replace(/^error parsing regexp: /, '') };
  }
}

function stepsOf(source: string): number {
  try {
    return source.length > PATTERN_MAX_CHARS ? 0 : RE2JS.compile(source).programSize();
  } catch {
    return 0;
  }
}

/** Whether the patterns of a document are within the limit. Once they exceed it, no more patterns are compiled. */
export function mayCompile(text: string): boolean {
  let steps = 0;
  JSON.parse(text, (_key, found) => {
    const isPattern = found?.op === 'regex' && typeof found.value === 'string' && steps <= DOCUMENT_MAX_STEPS;
    if (isPattern) steps += stepsOf(found.value);
    return found;
  });
  return steps <= DOCUMENT_MAX_STEPS;
}
