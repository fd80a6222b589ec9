import { providers } from '../../container/providers/index.ts';
import type { Provider } from '../../container/providers/provider.ts';
import type { Config } from '../config.ts';
import { upstreamUrl } from '../gate/upstream-url.ts';
import { keySettings, upstreamOf, withKey } from '../gate/upstreams.ts';

/** How a check went. `note`: it works, but somebody may miss something. */
export interface Finding {
  check: string;
  state: 'ok' | 'note' | 'wrong';
  /** What was found, and what to do about it. Never a secret. */
  says: string;
}

const ANSWER_MS = 10_000;
/** What services answer to a wrong key. */
const REFUSED = [400, 401, 403];

async function checkKey(provider: Provider, config: Config): Promise<Finding> {
  const check = `key of ${provider.id}`;
  const { probe } = provider.service;
  const settings = keySettings(provider).join(' or ');
  const headers = withKey(provider, config, probe.headers);
  if (!headers) return { check, state: 'note', says: `Not set: its requests are refused. Set ${settings}.` };
  const url = upstreamUrl(upstreamOf(provider, config), probe.path);
  try {
    const { status } = await fetch(url, { headers, signal: AbortSignal.timeout(ANSWER_MS) });
    if (status < 400) return { check, state: 'ok', says: `Accepted by ${url.host}.` };
    if (REFUSED.includes(status))
      return { check, state: 'wrong', says: `${url.host} refused it: HTTP ${status}. Set ${settings} anew.` };
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
  Promise.all(Object.values(providers).map((provider) => checkKey(provider, config)));
