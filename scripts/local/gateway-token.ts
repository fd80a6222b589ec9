import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readDevVars } from './dev-vars.ts';
import { ROOT } from './environment.ts';
import { readOptional } from './state.ts';

/** Help text about the token, the same for every command. */
export const TOKEN_HELP =
  'The gateway token is GATEWAY_TOKEN from the environment, else from .dev.vars, else the one that npm start generated in --state.';

export interface GatewayToken {
  token: string;
  isGenerated: boolean;
}

/** A random token. */
export const newToken = () => randomBytes(32).toString('base64url');

const fileIn = (state: string, name: string) => join(resolve(ROOT, state), name);
const tokenFile = (state: string) => fileIn(state, 'gateway-token');

/**
 * The gateway token, or undefined if there is none. All commands look in the same order: GATEWAY_TOKEN in the environment, GATEWAY_TOKEN in
 * .dev.vars, the token that `npm start` generated in the state directory.
 */
export function findToken(state: string): GatewayToken | undefined {
  const given = process.env.GATEWAY_TOKEN || readDevVars().GATEWAY_TOKEN;
  if (given) return { token: given, isGenerated: false };
  const generated = readOptional(tokenFile(state));
  return generated ? { token: generated, isGenerated: true } : undefined;
}

/** The secret in a file; generates one if there is none, which stays the same after a restart. */
function loadOrCreate(file: string): string {
  const known = readOptional(file);
  if (known) return known;
  const made = newToken();
  writeFileSync(file, made, { mode: 0o600 });
  return made;
}

/** The gateway token; generates one in the state directory if there is none. */
export const loadOrCreateToken = (state: string): GatewayToken =>
  findToken(state) ?? { token: loadOrCreate(tokenFile(state)), isGenerated: true };

/** The secret that seals the credentials of this state directory. */
export const credentialsSecretOf = (state: string): string => loadOrCreate(fileIn(state, 'credentials-secret'));
