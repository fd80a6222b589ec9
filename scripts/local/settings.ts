import { providers } from '../../container/providers/index.ts';
import { readConfig } from '../../src/config.ts';
import { messageOf } from '../../src/errors.ts';
import { keySettings } from '../../src/gate/upstreams.ts';
import { CommandError } from '../cli/command-error.ts';
import { hasDevVars, readDevVars, type Variables } from './dev-vars.ts';
import { type GatewayToken, loadOrCreateToken } from './gateway-token.ts';

/** Settings of the operator. */
export interface OperatorSettings extends GatewayToken {
  /** Settings of the Worker from .dev.vars, without provider keys if offline. */
  variables: Variables;
  offline: boolean;
  /** Why the gateway is offline unless that was requested, or undefined if it is not. */
  whyOffline: string | undefined;
  /** Providers without a key, whose requests fail. Empty if offline. */
  keyless: string[];
}

const KEYS = Object.values(providers).flatMap(keySettings);

function whyOfflineWith(given: Variables): string | undefined {
  if (KEYS.some((name) => given[name])) return undefined;
  const why = hasDevVars()
    ? `.dev.vars sets none of ${KEYS.join(', ')}`
    : '.dev.vars, which holds the provider keys, does not exist';
  return KEYS.some((name) => process.env[name]) ? `${why}, and keys in the environment are not used` : why;
}

/** Reads .dev.vars and the token. Provider keys come from .dev.vars only, never from the environment. */
export function readSettings(stateDirectory: string, wantsOffline: boolean): OperatorSettings {
  const given = readDevVars();
  const whyOffline = whyOfflineWith(given);
  const offline = wantsOffline || whyOffline !== undefined;
  const keyless = Object.values(providers).filter((provider) => !keySettings(provider).some((name) => given[name]));
  return {
    ...loadOrCreateToken(stateDirectory),
    variables: offline ? Object.fromEntries(Object.entries(given).filter(([name]) => !KEYS.includes(name))) : given,
    offline,
    whyOffline,
    keyless: offline ? [] : keyless.map(({ id }) => id),
  };
}

/** Refuses settings that the Worker would refuse, before anything is started. */
export function checkBindings(bindings: Variables) {
  try {
    readConfig(bindings);
  } catch (error) {
    throw new CommandError(messageOf(error));
  }
}
