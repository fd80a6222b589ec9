import type { Provider } from '../../container/providers/provider.ts';
import { OWNER } from '../caller.ts';
import type { Config } from '../config.ts';
import { accessOf } from '../objects.ts';

/** Where a provider's model traffic goes. */
export const upstreamOf = ({ service }: Provider, { services }: Config): string => services[service.urlSetting] ?? service.url;

/** The settings of which one has to hold a provider's key. */
export const keySettings = ({ service }: Provider): string[] => service.keys.map(({ setting }) => setting);

/** Whose key pays for a model call: the account's own or the operator's. */
export type Payer = 'own' | 'operator';

/** A key of a model service. */
export interface PayingKey {
  setting: string;
  value: string;
  payer: Payer;
}

/** The operator's key for a provider's calls of an account, or null. */
export function operatorKey({ service }: Provider, { services, providerKeys }: Config, account = OWNER): PayingKey | null {
  if (providerKeys === 'own') return null;
  const key = service.keys.find(({ setting, isPersonal }) => services[setting] && (account === OWNER || !isPersonal));
  return key ? { setting: key.setting, value: services[key.setting] ?? '', payer: 'operator' } : null;
}

/** The key that pays for a provider's calls of an account, as PROVIDER_KEYS says, or null if there is none. */
export async function payingKey(env: Env, config: Config, account: string, provider: Provider): Promise<PayingKey | null> {
  const own = config.providerKeys === 'operator' ? null : await accessOf(env, { account }).useCredential(keySettings(provider));
  return own ? { setting: own.name, value: own.value, payer: 'own' } : operatorKey(provider, config, account);
}

/** Headers of a request with a provider's key added. */
export function withKey({ service }: Provider, { setting, value }: PayingKey, headers?: HeadersInit): Headers {
  const keyed = new Headers(headers);
  const key = service.keys.find((known) => known.setting === setting);
  if (!key) throw new Error(`${setting} is no key of the service`);
  keyed.set(key.header, [key.scheme, value].filter(Boolean).join(' '));
  for (const [name, extra] of Object.entries(key.extra ?? {})) keyed.append(name, extra);
  return keyed;
}
