/** At most `max` UTF-16 units of a text, then how many were left out. */
export function cutText(text: string, max: number): string {
  if (text.length <= max) return text;
  return `${text.slice(0, max).toWellFormed()}… [${text.length - max} more characters]`;
}
