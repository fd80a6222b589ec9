import { complaintsOf, Refusal } from '../errors.ts';
import type { Provider } from '../providers/provider.ts';

/** A request's options, parsed with the provider's table and with its defaults. Refuses unknown names and what cannot be combined. */
export function checkOptions(provider: Provider, given: Record<string, unknown>): Record<string, unknown> {
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(provider.options, name));
  if (unknown.length > 0) {
    const known = Object.keys(provider.options).join(', ');
    throw new Refusal('bad_request', `Unknown options of ${provider.id}: ${unknown.join(', ')}. Expected: ${known}.`);
  }
  const checked: Record<string, unknown> = {};
  for (const [name, { type }] of Object.entries(provider.options)) {
    const parsed = type.safeParse(given[name]);
    if (!parsed.success && Object.hasOwn(given, name))
      throw new Refusal('bad_request', `Option ${name} of ${provider.id}: ${complaintsOf(parsed.error)}`);
    if (parsed.data !== undefined) checked[name] = parsed.data;
  }
  const conflicts = provider.conflicts(checked);
  if (conflicts.length > 0) throw new Refusal('bad_request', conflicts.join(' '));
  return checked;
}
