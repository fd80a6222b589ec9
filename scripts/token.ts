// `npm run token`: makes, lists and revokes API tokens of a gateway here or elsewhere, with the owner's token.
import { resolve } from 'node:path';
import { z } from 'zod';
import { say } from './banner.ts';
import { ROOT } from './environment.ts';
import { parseFlags } from './options.ts';
import { Refusal, reportFailure } from './refusal.ts';
import { readSettings } from './settings.ts';

const FLAGS = {
  url: { type: 'string', default: 'http://127.0.0.1:8787' },
  state: { type: 'string', default: '.state' },
  name: { type: 'string' },
  scopes: { type: 'string', default: 'jobs:read,jobs:run' },
  days: { type: 'string', default: '90' },
  list: { type: 'boolean', default: false },
  revoke: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

const HELP = `npm run token -- --name NAME [--scopes jobs:read,jobs:run] [--days 90] [--url URL]
npm run token -- --list
npm run token -- --revoke ID

Makes an API token of the owner's account and prints it once; --days 0 never expires. The owner's token is GATEWAY_TOKEN, from
the environment or .dev.vars, or the one that npm start made in --state.`;

const Token = z.object({
  id: z.string(),
  name: z.string(),
  scopes: z.array(z.string()),
  expiresAt: z.number().nullable(),
  usedAt: z.number().nullable(),
});
const Made = z.object({ token: z.string() });
const Listed = z.object({ tokens: z.array(Token) });
const Problem = z.object({ error: z.object({ message: z.string() }) });

/** Calls the gateway as its owner. */
async function call(url: string, owner: string, path: string, init: RequestInit = {}): Promise<unknown> {
  const headers = { authorization: `Bearer ${owner}`, 'content-type': 'application/json' };
  const response = await fetch(new URL(path, url), { ...init, headers }).catch((error: unknown) => {
    throw new Refusal(`No gateway answers on ${url}: ${error instanceof Error ? error.message : error}. Start it or give --url.`);
  });
  const body: unknown = await response.json().catch(() => null);
  if (response.ok) return body;
  throw new Refusal(`${url}: ${Problem.safeParse(body).data?.error.message ?? `HTTP ${response.status}`}`);
}

/** The owner's token: what the environment says, .dev.vars, or what npm start made. */
function ownerToken(state: string): string {
  if (process.env.GATEWAY_TOKEN) return process.env.GATEWAY_TOKEN;
  try {
    return readSettings(resolve(ROOT, state), true).token;
  } catch {
    throw new Refusal(`There is no owner's token in ${state}. Set GATEWAY_TOKEN, or name the --state directory of npm start.`);
  }
}

const day = (ms: number | null) => (ms === null ? 'never' : new Date(ms).toISOString().slice(0, 10));

async function run() {
  const { url, state, name, scopes, days, list, revoke, help } = parseFlags(process.argv.slice(2), FLAGS);
  if (help) return say(HELP);
  const owner = ownerToken(state);
  if (list) {
    const { tokens } = Listed.parse(await call(url, owner, '/api/tokens'));
    for (const { id, name: called, scopes: may, expiresAt, usedAt } of tokens)
      say(`${id}  ${called}  ${may.join(',')}  expires ${day(expiresAt)}  used ${day(usedAt)}`);
    return;
  }
  if (revoke) {
    await call(url, owner, `/api/tokens/${encodeURIComponent(revoke)}`, { method: 'DELETE' });
    return say(`Revoked ${revoke}`);
  }
  if (!name) throw new Refusal('Give the token a --name. npm run token -- --help tells more.');
  const body = JSON.stringify({ name, scopes: scopes.split(',').filter(Boolean), days: Number(days) });
  say(Made.parse(await call(url, owner, '/api/tokens', { method: 'POST', body })).token);
}

await run().catch(reportFailure);
