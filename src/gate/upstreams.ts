import type { Provider } from '../../container/providers/provider.ts';
import type { Config } from '../config.ts';

/** Where a provider's model traffic goes. */
export const upstreamOf = ({ service }: Provider, { services }: Config): string => services[service.urlSetting] ?? service.url;

/** The settings of which one has to hold a provider's key. */
export const keySettings = ({ service }: Provider): string[] => service.keys.map(({ setting }) => setting);

/** Headers of a request with the provider's key added, or null if no key is set. */
export function withKey({ service }: Provider, { services }: Config, headers?: HeadersInit): Headers | null {
  const key = service.keys.find(({ setting }) => services[setting]);
  if (!key) return null;
  const keyed = new Headers(headers);
  keyed.set(key.header, [key.scheme, services[key.setting]].filter(Boolean).join(' '));
  for (const [name, value] of Object.entries(key.extra ?? {})) keyed.append(name, value);
  return keyed;
}
