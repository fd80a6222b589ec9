import { jsonTextsOf } from './json.ts';
import type { ParsedLine } from './provider.ts';

const joined = (a: ParsedLine, b: ParsedLine): ParsedLine => ({
  ...a,
  ...b,
  items: [...a.items, ...b.items],
  ...(a.reply !== undefined && { reply: [a.reply, b.reply].filter((reply) => reply !== undefined).join('\n') }),
  isDone: a.isDone === true || b.isDone === true,
});

/** What a line of a dialogue in JSON means. `read` receives each JSON text of it. */
export const readTexts = (line: string, read: (text: string) => ParsedLine): ParsedLine =>
  jsonTextsOf(line).map(read).reduce(joined);
