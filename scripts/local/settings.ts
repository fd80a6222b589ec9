import { providers } from '../../container/providers/index.ts';
import { readConfig } from '../../src/config.ts';
import { messageOf } from '../../src/errors.ts';
import { keySettings } from '../../src/gate/upstreams.ts';
import { CommandError } from '../cli/command-error.ts';
import { readDevVars, type Variables } from './dev-vars.ts';
import { type GatewayToken, loadOrCreateToken } from './gateway-token.ts';

/** Settings of the operator. */
export interface OperatorSettings extends GatewayToken {
  /** Settings of the Worker from .dev.vars, without provider keys if offline. */
  variables: Variables;
  offline: boolean;
  /** Providers without a key, whose requests fail. Empty if offline. */
  keyless: string[];
}

/** Reads .dev.vars and the token. Provider keys come from .dev.vars only, never from the environment. */
export function readSettings(stateDirectory: string, wantsOffline: boolean): OperatorSettings {
  const given = readDevVars();
  const all = Object.values(providers);
  const keyless = all.filter((provider) => !keySettings(provider).some((name) => given[name])).map(({ id }) => id);
  const offline = wantsOffline || keyless.length === all.length;
  const keys = all.flatMap(keySettings);
  const variables = offline ? Object.fromEntries(Object.entries(given).filter(([name]) => !keys.includes(name))) : given;
  return { ...loadOrCreateToken(stateDirectory), variables, offline, keyless: offline ? [] : keyless };
}

/** Refuses settings that the Worker would refuse, before anything is started. */
export function checkBindings(bindings: Variables) {
  try {
    readConfig(bindings);
  } catch (error) {
    throw new CommandError(messageOf(error));
  }
}
