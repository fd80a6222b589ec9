/** Characters that are invisible or change the layout, except line ends and tabs. */
const INVISIBLE = /[[\p{C}\p{Zl}\p{Zp}\p{DI}]--[\n\t]]/gv;

/** Longest name of an app, in characters as shown. */
const MAX_NAME_CHARS = 80;

/** Text for a person to decide on: nothing is left out, and invisible characters appear as code points. */
export const escapeInvisible = (text: string): string =>
  text.replace(INVISIBLE, (found) => `\\u{${found.codePointAt(0)?.toString(16)}}`);

/** A name that an app gave itself, in one line, with invisible characters as code points. A long one is cut. */
export function shownName(name: string): string {
  const shown = [
    ...escapeInvisible(
      name
        .slice(0, 4 * MAX_NAME_CHARS)
        .replace(/\s+/g, ' ')
        .trim(),
    ),
  ];
  return shown.length > MAX_NAME_CHARS || name.length > 4 * MAX_NAME_CHARS
    ? `${shown.slice(0, MAX_NAME_CHARS - 1).join('')}…`
    : shown.join('');
}
