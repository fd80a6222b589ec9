import type { Launch } from '../provider.ts';

/** An invisible character without width. After it, Grok takes neither "/" for a command nor "@" for a file. */
const WORD_JOINER = '\u2060';

/** An "@" that may name a file, and what follows: at the start of the prompt, or at the start of a word with a "." or "/" soon after. */
const MENTION = /@(?:(?<=^\s*@)|(?<![\p{L}\p{N}_]@)(?=\s*[^\s@]{0,256}[./~]))(?=\s*([^\s@]{0,1024}))/gu;
/** Signs after which a path may have ended. */
const PATH_END = /[^\p{L}\p{N}_./~+-]|\.$/gu;
/** Quoted and escaped paths are not looked up. */
const QUOTED = /^["'`]|\\/;
/** Largest number of paths that are looked up. Further ones are treated as existing. */
const MAX_LOOKUPS = 1_000;

/** The paths that a word may begin with. */
const pathsIn = (word: string) =>
  [word, ...[...word.matchAll(PATH_END)].map(({ index }) => word.slice(0, index))].filter(Boolean);

/**
 * The prompt as plain text, in which Grok finds neither a command nor a file. Grok has no switch for either: it runs "/session-info"
 * also after blanks and with --verbatim, and attaches "@/etc/hostname" even with --deny "Read(**)". An "@" before a missing path stays.
 */
export function grokPrompt({ prompt, isPath = () => true }: Pick<Launch, 'prompt' | 'isPath'>): string {
  let lookups = 0;
  const isFile = (path: string) => ++lookups > MAX_LOOKUPS || isPath(path);
  const mayAttach = (word: string) => QUOTED.test(word) || pathsIn(word).some(isFile);
  return prompt
    .replace(/^(\s*)\//, `$1${WORD_JOINER}/`)
    .replace(MENTION, (at, word: string) => (mayAttach(word) ? `${at}${WORD_JOINER}` : at));
}
