import { readConfig } from '../../src/config.ts';
import { messageOf } from '../../src/errors.ts';
import { Refusal } from '../cli/refusal.ts';
import { readDevVars, type Variables } from './dev-vars.ts';
import { type GatewayToken, loadOrCreateToken } from './gateway-token.ts';

/** What the operator chose. */
export interface Settings extends GatewayToken {
  /** Settings of the Worker: the content of .dev.vars, without provider keys when offline. */
  variables: Variables;
  offline: boolean;
  /** Providers without a key: their requests fail. */
  keyless: string[];
}

const PROVIDER_KEYS = { claude: ['ANTHROPIC_API_KEY', 'CLAUDE_CODE_OAUTH_TOKEN'], grok: ['XAI_API_KEY'] } as const;
const KEY_NAMES = Object.values(PROVIDER_KEYS).flat();

/** Reads .dev.vars. Provider keys come from there alone, never from what the shell happens to hold. */
export function readSettings(stateDirectory: string, wantsOffline: boolean): Settings {
  const given = readDevVars();
  const keyless = Object.entries(PROVIDER_KEYS)
    .filter(([, names]) => !names.some((name) => given[name]))
    .map(([provider]) => provider);
  const offline = wantsOffline || keyless.length === Object.keys(PROVIDER_KEYS).length;
  const isKey = (name: string) => KEY_NAMES.some((key) => key === name);
  const variables = offline ? Object.fromEntries(Object.entries(given).filter(([name]) => !isKey(name))) : given;
  return { ...loadOrCreateToken(stateDirectory), variables, offline, keyless: offline ? [] : keyless };
}

/** The Worker's own check of its settings, before anything is started. */
export function checkBindings(bindings: Variables) {
  try {
    readConfig(bindings);
  } catch (error) {
    throw new Refusal(messageOf(error));
  }
}
