import type { Config } from '../config.ts';
import { upstreamUrl } from '../gate/upstream-url.ts';
import { UPSTREAMS } from '../gate/upstreams.ts';

/** How a check went. `note`: it works, but somebody may miss something. */
export interface Finding {
  check: string;
  state: 'ok' | 'note' | 'wrong';
  /** What was found, and what to do about it. Never a secret. */
  says: string;
}

const ANSWER_MS = 10_000;
/** What services answer to a key that is wrong; xAI says 400. */
const REFUSED = [400, 401, 403];

async function checkKey(id: string, config: Config): Promise<Finding> {
  const check = `key of ${id}`;
  const upstream = UPSTREAMS[id];
  const credentials = upstream?.credentials(config, new Headers());
  if (!upstream || !credentials)
    return { check, state: 'note', says: `Not set: its requests are refused. Set ${upstream?.settings.join(' or ')}.` };
  const url = upstreamUrl(upstream.url(config), '/v1/models');
  try {
    const headers = { ...upstream.needed, ...credentials };
    const { status } = await fetch(url, { headers, signal: AbortSignal.timeout(ANSWER_MS) });
    if (status < 400) return { check, state: 'ok', says: `Accepted by ${url.host}.` };
    if (REFUSED.includes(status))
      return {
        check,
        state: 'wrong',
        says: `${url.host} refused it: HTTP ${status}. Set ${upstream.settings.join(' or ')} anew.`,
      };
    return {
      check,
      state: 'note',
      says: `Could not be tried: ${url.host} answered HTTP ${status}. Look again later, or check the upstream URL.`,
    };
  } catch {
    return { check, state: 'wrong', says: `${url.host} cannot be reached. Check the network and the upstream URL.` };
  }
}

/** Asks each model service whether it takes the key. */
export const checkKeys = (config: Config): Promise<Finding[]> =>
  Promise.all(Object.keys(UPSTREAMS).map((id) => checkKey(id, config)));
