const UNIT_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Numbers of seconds from here on are times since 1970. */
const EPOCH_S = 1_000_000_000;

/** The time that a header names, in ms since 1970: seconds, seconds since 1970, a date, or durations such as "6m0.5s". Else undefined. */
function timeIn(value: string, now: number): number | undefined {
  const text = value.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) >= EPOCH_S ? Number(text) * 1_000 : now + Number(text) * 1_000;
  if (/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) {
    const amounts = text.split(/[a-z]+/);
    const [, ...units] = text.split(/[\d.]+/);
    return units.reduce((at, unit, index) => at + Number(amounts[index]) * (UNIT_MS[unit] ?? 0), now);
  }
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

/** Longest time that is believed, in ms. */
const MAX_WAIT_MS = 31 * 86_400_000;

/** The resets of the limits that are used up. A limit that does not report its state may be used up. */
function resetsOf(headers: Headers): string[] {
  return [...headers].flatMap(([name, value]) => {
    const words = name.split('-');
    if (!words.includes('ratelimit') || !words.includes('reset')) return [];
    const remaining = Number(headers.get(name.replace('reset', 'remaining')) ?? 0);
    const isAllowed = headers.get(name.replace('reset', 'status'))?.startsWith('allowed') === true;
    return remaining > 0 || isAllowed ? [] : [value];
  });
}

/** When a model service that refused a call accepts the next one, in ms since 1970, as its headers say; undefined if they do not. */
export function retryAtOf(headers: Headers, now: number): number | undefined {
  const inMs = headers.get('retry-after-ms');
  const given = [...(inMs === null ? [] : [`${inMs}ms`]), ...[headers.get('retry-after') ?? []].flat()];
  const times = (values: string[]) =>
    values.flatMap((value) => timeIn(value, now) ?? []).filter((at) => at > now && at <= now + MAX_WAIT_MS);
  const [said] = times(given);
  const resets = times(resetsOf(headers));
  return said ?? (resets.length > 0 ? Math.round(Math.max(...resets)) : undefined);
}
