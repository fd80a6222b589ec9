/** Longest quotation of a CLI in an error, in UTF-16 units. */
const MAX_QUOTE_CHARS = 600;

/** A directory name in an absolute path. */
const NAME = String.raw`[^\s/"'\`:;,()<>|]+`;
/** The start of an absolute path; a URL and a relative path have none. */
const START = String.raw`(?<![\w.:/~…-])(?:file://)?/(?:${NAME}/)*?`;

/** Directories of the executor's machine, with what stands for them. The last row matches every other absolute path. */
const DIRECTORIES: [RegExp, string][] = [
  [new RegExp(`${START}sessions/${NAME}/${NAME}/home(?=/|\\b)`, 'g'), '~'],
  [new RegExp(`${START}(?:workspaces/${NAME}|sessions/${NAME}/${NAME}/work)/`, 'g'), ''],
  [new RegExp(`${START}runs/${NAME}/tmp(?=/|\\b)`, 'g'), '$TMPDIR'],
  [new RegExp(`(?<![\\w.:/~…-])(?:file://)?/(?:${NAME}/)+(?=${NAME})`, 'g'), '…/'],
];

/** A text without the paths of the executor's machine. */
const withoutHostPaths = (text: string): string =>
  DIRECTORIES.reduce((left, [directory, name]) => left.replace(directory, name), text);

/** A CLI's words for an error message: on one line, without host paths, shortened in the middle. */
export function quoteOf(text: string): string {
  const line = withoutHostPaths(text).replace(/\s+/g, ' ').trim();
  if (line.length <= MAX_QUOTE_CHARS) return line;
  const half = MAX_QUOTE_CHARS / 2;
  return `${line.slice(0, half).toWellFormed()} … ${line.slice(-half).toWellFormed()}`;
}
