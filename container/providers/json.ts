/** Deepest nesting of a value that a CLI prints and that is passed on, in levels. Deeper ones could exceed the stack of a reader. */
const MAX_DEPTH = 500;

/** True if a value nests deeper than a number of levels. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > levels) return true;
    level = level.flatMap((node) => (typeof node === 'object' && node !== null ? Object.values(node) : []));
  }
  return false;
}

/** A value as JSON, or undefined if it nests too deep or is none. */
export const jsonOf = (value: unknown): string | undefined =>
  isDeeperThan(value, MAX_DEPTH) ? undefined : JSON.stringify(value);

/** The value of a JSON text, or undefined if the text is not valid JSON or nests deeper than the stack. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The end of the object that begins at `start`, or -1 if it does not end. */
function endOfObject(text: string, start: number): number {
  let depth = 0;
  let isInString = false;
  for (let at = start; at < text.length; at += 1) {
    const char = text[at];
    if (isInString) {
      if (char === '\\') at += 1;
      else if (char === '"') isInString = false;
    } else if (char === '"') isInString = true;
    else if (char === '{') depth += 1;
    else if (char === '}') {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return -1;
}

/** The whole objects in a text. Never looks inside an object. */
function objectTexts(text: string): string[] {
  const found: string[] = [];
  for (let start = text.indexOf('{"'); start >= 0; ) {
    const end = endOfObject(text, start);
    if (end < 0) break;
    found.push(text.slice(start, end));
    start = text.indexOf('{"', end);
  }
  return found;
}

/**
 * The texts to parse of a line: the whole objects in a line that is not valid JSON, because a CLI may print a warning or a color
 * before an object, or two objects without a line feed between them; else the line itself.
 */
export function jsonTextsOf(line: string): string[] {
  const found = parsedJson(line) === undefined ? objectTexts(line) : [];
  return found.length > 0 ? found : [line];
}

/** The values of the JSON texts of a line. */
export function jsonValuesOf(line: string): unknown[] {
  const whole = parsedJson(line);
  return whole === undefined ? objectTexts(line).map(parsedJson) : [whole];
}
