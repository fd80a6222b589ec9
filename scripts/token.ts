// `npm run token`: creates, lists and revokes API tokens of a gateway, as its owner.
import { z } from 'zod';
import { CommandError, reportFailure } from './cli/command-error.ts';
import { parseFlags } from './cli/flags.ts';
import { ownerApi } from './cli/owner-api.ts';
import { OWNER_FLAGS, OWNER_HELP, ownerToken } from './cli/owner-command.ts';
import { print } from './cli/print.ts';
import { gatewayUrl } from './local/gateway-url.ts';

const FLAGS = {
  ...OWNER_FLAGS,
  name: { type: 'string' },
  scopes: { type: 'string', default: 'jobs:read,jobs:run' },
  days: { type: 'string', default: '90' },
  list: { type: 'boolean', default: false },
  revoke: { type: 'string' },
} as const;

const HELP = `npm run token -- --name NAME [--scopes jobs:read,jobs:run] [--days 90] [--url URL]
npm run token -- --list
npm run token -- --revoke ID

Creates an API token of the owner's account and prints it once. With --days 0 it never expires.
${OWNER_HELP}`;

const Token = z.object({
  id: z.string(),
  name: z.string(),
  scopes: z.array(z.string()),
  expiresAt: z.number().nullable(),
  usedAt: z.number().nullable(),
});
const CreatedToken = z.object({ token: z.string() });
const TokenList = z.object({ tokens: z.array(Token) });

const day = (ms: number | null) => (ms === null ? 'never' : new Date(ms).toISOString().slice(0, 10));

async function run() {
  const { state, name, scopes, days, list, revoke, ...given } = parseFlags(HELP, FLAGS);
  const url = gatewayUrl(state, given.url);
  const call = ownerApi(url, ownerToken(state));
  if (list) {
    const { tokens } = TokenList.parse(await call('/api/tokens'));
    for (const { id, expiresAt, usedAt, ...token } of tokens)
      print(`${id}  ${token.name}  ${token.scopes.join(',')}  expires ${day(expiresAt)}  used ${day(usedAt)}`);
    return;
  }
  if (revoke) {
    await call(`/api/tokens/${encodeURIComponent(revoke)}`, { method: 'DELETE' });
    return print(`Revoked ${revoke}`);
  }
  if (!name) throw new CommandError('Name the token with --name. See npm run token -- --help.');
  const body = JSON.stringify({ name, scopes: scopes.split(',').filter(Boolean), days: Number(days) });
  print(CreatedToken.parse(await call('/api/tokens', { method: 'POST', body })).token);
}

await run().catch(reportFailure);
