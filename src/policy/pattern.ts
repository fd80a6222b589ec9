import { RE2JS } from 're2js';
import { messageOf } from '../errors.ts';

/** Longest pattern, in characters. */
const PATTERN_MAX_CHARS = 500;
/** Most instructions that a pattern may compile to: `a{250}` has about as many. */
const PATTERN_MAX_STEPS = 250;
/** Most instructions of all patterns that one call may have to be matched against. */
export const PATTERNS_MAX_STEPS = 500;
/** Most instructions of all patterns of a document, which bounds what reading it costs. */
export const DOCUMENT_MAX_STEPS = 20_000;
/** Longest text that a pattern is matched against, in UTF-16 units. Time grows with text times instructions, and with nothing else. */
export const TEXT_MAX_CHARS = 65_536;

/** A pattern of RE2's syntax, which is matched in linear time. */
export type Pattern = Pick<RE2JS, 'test' | 'programSize'>;

/** A compiled pattern, or what is wrong with it. */
export function compilePattern(source: string): { pattern: Pattern } | { problem: string } {
  if (source.length > PATTERN_MAX_CHARS) return { problem: `has ${source.length} characters, the most is ${PATTERN_MAX_CHARS}` };
  try {
    const pattern = RE2JS.compile(source);
    const steps = pattern.programSize();
    if (steps > PATTERN_MAX_STEPS)
      return { problem: `compiles to ${steps} instructions, the most is ${PATTERN_MAX_STEPS}: repeat less` };
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

/** Whether the patterns of a document are few and small enough to be compiled: none is any more once they are not. */
export function mayCompile(text: string): boolean {
  let steps = 0;
  JSON.parse(text, (_key, found) => {
    const isPattern = found?.op === 'regex' && typeof found.value === 'string' && steps <= DOCUMENT_MAX_STEPS;
    if (isPattern) steps += stepsOf(found.value);
    return found;
  });
  return steps <= DOCUMENT_MAX_STEPS;
}
