import { readConfig } from '../../src/config.ts';
import { messageOf } from '../../src/errors.ts';
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

const PROVIDER_KEYS = { claude: ['ANTHROPIC_API_KEY', 'CLAUDE_CODE_OAUTH_TOKEN'], grok: ['XAI_API_KEY'] } as const;
const KEY_NAMES = Object.values(PROVIDER_KEYS).flat();

/** Reads .dev.vars and the token. Provider keys come from .dev.vars only, never from the environment. */
export function readSettings(stateDirectory: string, wantsOffline: boolean): OperatorSettings {
  const given = readDevVars();
  const keyless = Object.entries(PROVIDER_KEYS)
    .filter(([, names]) => !names.some((name) => given[name]))
    .map(([provider]) => provider);
  const offline = wantsOffline || keyless.length === Object.keys(PROVIDER_KEYS).length;
  const isKey = (name: string) => KEY_NAMES.some((key) => key === name);
  const variables = offline ? Object.fromEntries(Object.entries(given).filter(([name]) => !isKey(name))) : given;
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
