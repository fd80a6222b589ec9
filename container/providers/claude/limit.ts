const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;
/** Longest time that is believed. */
const MAX_WAIT_MS = 31 * DAY_MS;

/** A time of day, possibly with a date, after "resets": "2pm", "at 3:30 pm", "Oct 9, 5pm (America/New_York)". */
const RESETS =
  /\bresets?(?: at)? (?:(?<month>[A-Z][a-z]{2})[a-z]* (?<day>\d{1,2}),? (?:at )?)?(?<hour>[01]?\d|2[0-3])(?!\d)(?::(?<minute>[0-5]\d))? ?(?<half>[ap]m)?(?: \((?<zone>[\w/+-]+)\))?/i;

/** Time that a zone is ahead of UTC at `at`, in ms; undefined for an unknown zone. */
function zoneOffset(timeZone: string, at: number): number | undefined {
  try {
    const shown = new Date(at).toLocaleString('en-US', { timeZone, hourCycle: 'h23' });
    return Date.parse(`${shown} UTC`) - (at - (at % 1_000));
  } catch {
    return undefined;
  }
}

/** The first time after `now` that the wording names. */
function clockTime(text: string, now: number): number | undefined {
  const { month, day, hour = '', minute = '0', half, zone = 'UTC' } = RESETS.exec(text)?.groups ?? {};
  const offset = zoneOffset(zone, now);
  if (hour === '' || offset === undefined || (half === undefined && !text.includes(`${hour}:${minute}`))) return undefined;
  const hours = half === undefined ? Number(hour) : (Number(hour) % 12) + (half.toLowerCase() === 'pm' ? 12 : 0);
  const local = new Date(now + offset);
  const date = month === undefined ? local.toISOString().slice(0, 10) : `${month} ${day} ${local.getUTCFullYear()}`;
  const midnight = Date.parse(month === undefined ? date : `${date} UTC`);
  const at = midnight + (hours * 60 + Number(minute)) * MINUTE_MS - offset;
  return at <= now && month === undefined ? at + DAY_MS : at;
}

/** When a limit ends that Claude Code words, in ms since 1970, or undefined. Clock times without a zone are UTC, the zone of a container. */
export function claudeLimitEnd(text: string, now: number): number | undefined {
  const seconds = /limit reached\|(\d{9,11})\b/i.exec(text)?.[1];
  const at = seconds === undefined ? clockTime(text, now) : Number(seconds) * 1_000;
  return at !== undefined && at > now && at <= now + MAX_WAIT_MS ? at : undefined;
}
