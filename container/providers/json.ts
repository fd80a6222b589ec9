/** The value of a JSON text, or undefined if the text is not valid JSON or nests deeper than the stack. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
