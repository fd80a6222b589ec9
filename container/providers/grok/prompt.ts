/** An invisible character without width. After it, Grok takes neither "/" for a command nor "@" for a file. */
const WORD_JOINER = '\u2060';

/** An "@" that may name a file: at the start of the prompt, or at the start of a word with a "." or "/" soon after. */
const MENTION = /(?<=^\s*)@|(?<![\p{L}\p{N}_])@(?=\s*[^\s@]{0,256}[./~])/gu;

/**
 * The prompt as plain text, in which Grok finds neither a command nor a file. Grok has no switch for either: it runs "/session-info"
 * also after blanks and with --verbatim, and attaches "@/etc/hostname" even with --deny "Read(**)".
 */
export const grokPrompt = (prompt: string) => prompt.replace(/^(\s*)\//, `$1${WORD_JOINER}/`).replace(MENTION, `@${WORD_JOINER}`);
