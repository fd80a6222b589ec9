import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { readConfig } from '../../src/config.ts';
import { Refusal } from '../cli/refusal.ts';
import { ROOT } from './environment.ts';
import { keptToken } from './state.ts';

/** Settings of the Worker by their names in the environment. */
export type Variables = Record<string, string>;

/** What the operator chose. */
export interface Settings {
  /** Settings of the Worker: the content of .dev.vars, without provider keys when offline. */
  variables: Variables;
  token: string;
  /** True: nobody gave a token, so the operator has to be told. */
  isTokenMade: boolean;
  offline: boolean;
  /** Providers without a key: their requests fail. */
  keyless: string[];
}

const DEV_VARS = join(ROOT, '.dev.vars');

const PROVIDER_KEYS = { claude: ['ANTHROPIC_API_KEY', 'CLAUDE_CODE_OAUTH_TOKEN'], grok: ['XAI_API_KEY'] } as const;
const KEY_NAMES = Object.values(PROVIDER_KEYS).flat();

const readDevVars = () => Object.entries(existsSync(DEV_VARS) ? parseEnv(readFileSync(DEV_VARS, 'utf8')) : {});

/** What .dev.vars sets. */
export const devVars = (): Variables => pick(readDevVars());

const pick = (entries: [string, string | undefined][]): Variables =>
  Object.fromEntries(entries.flatMap(([name, value]) => (value ? [[name, value]] : [])));

/** Reads .dev.vars. Provider keys come from there alone, never from what the shell happens to hold. */
export function readSettings(stateDirectory: string, wantsOffline: boolean): Settings {
  const given = devVars();
  const keyless = Object.entries(PROVIDER_KEYS)
    .filter(([, names]) => !names.some((name) => given[name]))
    .map(([provider]) => provider);
  const offline = wantsOffline || keyless.length === Object.keys(PROVIDER_KEYS).length;
  const givenToken = given.GATEWAY_TOKEN ?? process.env.GATEWAY_TOKEN;
  const token = givenToken || keptToken(stateDirectory);
  const isKey = (name: string) => KEY_NAMES.some((key) => key === name);
  const variables = offline ? pick(Object.entries(given).filter(([name]) => !isKey(name))) : given;
  return { variables, token, isTokenMade: !givenToken, offline, keyless: offline ? [] : keyless };
}

/** The Worker's own check of its settings, before anything is started. */
export function checkBindings(bindings: Variables) {
  try {
    readConfig(bindings);
  } catch (error) {
    throw new Refusal(error instanceof Error ? error.message : String(error));
  }
}
