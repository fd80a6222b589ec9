import { providers } from '../../container/providers/index.ts';
import type { Provider } from '../../container/providers/provider.ts';
import type { Config } from '../config.ts';
import { upstreamUrl } from '../gate/upstream-url.ts';
import { keySettings, type PayingKey, upstreamOf, withKey } from '../gate/upstreams.ts';
import { BUNDLED_SERVER } from './bundled.ts';
import { type Finding, finding } from './finding.ts';

const KEY_CHECK_TIMEOUT_MS = 10_000;
/** Statuses with which services refuse a key. */
const KEY_REFUSED = [400, 401, 403];

/** Finds the key that pays for a provider's calls. */
type FindKey = (provider: Provider) => Promise<PayingKey | null> | PayingKey | null;

async function checkKey(provider: Provider, config: Config, findKey: FindKey): Promise<Finding> {
  const check = `key of ${provider.id}`;
  const { probe } = provider.service;
  const settings = keySettings(provider).join(' or ');
  const key = await findKey(provider);
  if (!key) return finding(check, 'note', `Not set, so its requests are refused. Set ${settings}.`);
  const headers = withKey(provider, key, probe.headers);
  const url = upstreamUrl(upstreamOf(provider, config), probe.path);
  try {
    const { status, headers: answered } = await fetch(url, { headers, signal: AbortSignal.timeout(KEY_CHECK_TIMEOUT_MS) });
    if (answered.get('server') === BUNDLED_SERVER)
      return finding(check, 'note', `Not checked: the bundled endpoint on ${url.host} answers offline and accepts any key.`);
    if (status < 400)
      return finding(
        check,
        'ok',
        `Accepted by ${url.host}${key.payer === 'own' ? ": the owner's own key, from /credentials" : ''}.`,
      );
    if (KEY_REFUSED.includes(status))
      return finding(check, 'wrong', `${url.host} refused the key: HTTP ${status}. Replace ${settings}.`);
    const advice = 'Try again later, or check the upstream URL.';
    return finding(check, 'note', `Not checked: ${url.host} returned HTTP ${status}. ${advice}`);
  } catch {
    return finding(check, 'wrong', `${url.host} is not reachable. Check the network and the upstream URL.`);
  }
}

/** Checks that each model service accepts the key that `findKey` returns. */
export const checkKeys = (config: Config, findKey: FindKey): Promise<Finding[]> =>
  Promise.all(Object.values(providers).map((provider) => checkKey(provider, config, findKey)));
