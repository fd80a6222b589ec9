import { formatIssues, Refusal } from '../errors.ts';
import type { Provider } from '../providers/provider.ts';

/** Parses a request's options with the provider's table. Throws a refusal for unknown names and conflicting options. */
export function checkOptions(provider: Provider, given: Record<string, unknown>): Record<string, unknown> {
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(provider.options, name));
  if (unknown.length > 0) {
    const known = Object.keys(provider.options).join(', ');
    throw new Refusal('bad_request', `Unknown options of ${provider.id}: ${unknown.join(', ')}. Known options: ${known}.`);
  }
  const checked: Record<string, unknown> = {};
  for (const [name, { type }] of Object.entries(provider.options)) {
    const parsed = type.safeParse(given[name]);
    if (!parsed.success && Object.hasOwn(given, name))
      throw new Refusal('bad_request', `Option ${name} of ${provider.id}: ${formatIssues(parsed.error)}`);
    if (parsed.data !== undefined) checked[name] = parsed.data;
  }
  const conflicts = provider.conflicts(checked);
  if (conflicts.length > 0) throw new Refusal('bad_request', conflicts.join(' '));
  return checked;
}
