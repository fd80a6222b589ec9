import { splitText } from '../../container/providers/pieces.ts';

/** A part of the arguments of a call or step, small enough for a page. Together the parts are the whole. */
export interface ApprovalPart {
  /** What the text belongs to: the prompt, the input of a step, or the other arguments as JSON. */
  name: string;
  text: string;
  /** Length of what the text belongs to, and where the text begins and ends in it, in UTF-16 units. */
  total: number;
  start: number;
  end: number;
  /** Number of this part, from 1, and of all parts. */
  part: number;
  parts: number;
}

/** The texts that a person reads: the prompt or input as it is, and everything else as JSON. */
export function textsOfArguments({ prompt, input, ...rest }: Record<string, unknown>): { name: string; text: string }[] {
  const named = Object.entries({ Prompt: prompt, Input: input });
  const texts = named.flatMap(([name, text]) => (typeof text === 'string' ? [{ name, text }] : []));
  const kept = Object.entries({ prompt, input }).filter(([, value]) => value !== undefined && typeof value !== 'string');
  const others = { ...Object.fromEntries(kept), ...rest };
  return Object.keys(others).length > 0 ? [...texts, { name: 'Other arguments', text: JSON.stringify(others, null, 2) }] : texts;
}

/** The part of arguments with a number from 1, or undefined if there are fewer. */
export function partOfArguments(args: Record<string, unknown>, part: number): ApprovalPart | undefined {
  const all = textsOfArguments(args).flatMap(({ name, text: whole }) => {
    let end = 0;
    return splitText(whole).map((text) => {
      const start = end;
      end += text.length;
      return { name, text, total: whole.length, start, end };
    });
  });
  const found = all[part - 1];
  return found && { ...found, part, parts: all.length };
}
