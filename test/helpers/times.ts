/** Fields that hold data of callers and CLIs. */
const FOREIGN = ['structured', 'args', 'arguments', 'policy', 'shadow'];

interface Found {
  /** Paths of times in ms that have the same time in ISO 8601 beside them. */
  paired: string[];
  /** Paths of times in ms without one. */
  alone: string[];
  /** The times in ISO 8601. */
  isoTimes: string[];
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** The times of a tool's answer, outside data of callers and CLIs. */
export function timesIn(value: unknown, path = ''): Found {
  const found: Found = { paired: [], alone: [], isoTimes: [] };
  if (!isObject(value)) return found;
  for (const [field, inner] of Object.entries(value)) {
    const place = `${path}.${field}`;
    if (typeof inner === 'number' && /(^a|A)t$/.test(field)) {
      const iso = value[field === 'at' ? 'time' : field.slice(0, -'At'.length)];
      const isPaired = iso === new Date(inner).toISOString();
      (isPaired ? found.paired : found.alone).push(place);
      if (isPaired) found.isoTimes.push(iso);
    }
    if (FOREIGN.includes(field)) continue;
    const below = timesIn(inner, place);
    for (const key of ['paired', 'alone', 'isoTimes'] as const) found[key].push(...below[key]);
  }
  return found;
}
