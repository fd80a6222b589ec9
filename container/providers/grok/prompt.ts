/** Invisible and of no width: after it, Grok takes neither "/" for a command nor "@" for a file. */
const WORD_JOINER = '\u2060';

/** An "@" at the beginning of a word that Grok may find a file for: where the prompt begins, or with a "." or "/" soon after. */
const MENTION = /(?<=^\s*)@|(?<![\p{L}\p{N}_])@(?=\s*[^\s@]{0,256}[./~])/gu;

/**
 * A prompt in which Grok finds neither a command nor a file to attach; it has no switch for either, runs "/session-info" also after
 * blanks and with --verbatim, and attaches "@/etc/hostname" even under --deny "Read(**)".
 */
export const grokPrompt = (prompt: string) => prompt.replace(/^(\s*)\//, `$1${WORD_JOINER}/`).replace(MENTION, `@${WORD_JOINER}`);
