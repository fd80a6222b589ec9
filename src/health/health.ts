import { Hono } from 'hono';
import { PROTOCOL_VERSION } from '../../container/protocol.ts';
import type { AppEnv } from '../auth/app-env.ts';
import { bearerCaller } from '../auth/bearer.ts';
import { insufficientScope, unauthorized } from '../auth/challenge.ts';
import { OWNER } from '../caller.ts';
import { type Config, readConfig } from '../config.ts';
import { executorOf } from '../runner/executor.ts';
import { VERSION } from '../version.ts';
import { checkKeys, type Finding } from './keys.ts';
import { checkAddress, checkSignIn, checkWebhook } from './settings.ts';

/** Whether a store answers at all. */
async function checkStore(check: string, ask: () => Promise<unknown>): Promise<Finding> {
  return ask().then(
    (): Finding => ({ check, state: 'ok', says: 'Answers.' }),
    (): Finding => ({ check, state: 'wrong', says: 'Does not answer. Compare its binding in wrangler.toml with the account.' }),
  );
}

async function checkExecutor(env: Env, config: Config): Promise<Finding> {
  const check = 'executor';
  const health = await executorOf(env, config, OWNER, 'default').health();
  if (health.kind === 'refused' && health.error.code === 'shutting_down')
    return { check, state: 'ok', says: 'The container sleeps; the next request wakes it.' };
  if (health.kind !== 'ok')
    return {
      check,
      state: 'wrong',
      says: 'Cannot be reached. Check EXECUTOR_URL and EXECUTOR_TOKEN, or the container in the dashboard.',
    };
  const { protocol, version, clis } = health.value;
  const missing = Object.keys(clis).filter((id) => clis[id] === null);
  if (Math.abs(protocol - PROTOCOL_VERSION) > 1)
    return { check, state: 'wrong', says: `Speaks protocol ${protocol}, the Worker ${PROTOCOL_VERSION}. Deploy both anew.` };
  if (missing.length > 0) return { check, state: 'note', says: `Lacks the CLI of ${missing.join(', ')}. Build the image anew.` };
  const names = Object.entries(clis).map(([id, cli]) => `${id} ${cli}`);
  return { check, state: 'ok', says: `Version ${version}: ${names.join(', ')}.` };
}

/** Everything that the Worker can find out about itself. */
async function diagnose(env: Env, config: Config, url: URL): Promise<Finding[]> {
  const found = await Promise.all([
    checkKeys(config),
    checkStore('KV', () => env.OAUTH_KV.get('health')),
    checkStore('R2', () => env.STATE.head('health')),
    checkExecutor(env, config),
  ]);
  return [checkAddress(url, config), ...checkSignIn(config), ...checkWebhook(config), ...found.flat()];
}

/** GET /health, and with ?deep=1, for a token with the scope admin, what is set, reached and accepted. */
export const health = new Hono<AppEnv>().get('/health', async (c) => {
  if (c.req.query('deep') === undefined) return c.json({ ok: true, version: VERSION });
  const config = readConfig(c.env);
  const url = new URL(c.req.url);
  const resource = config.mcpResource ?? `${url.origin}/mcp`;
  const caller = await bearerCaller(c.req.raw, c.env, config, resource);
  if (!caller) return unauthorized(c.req.raw, resource);
  if (!caller.scopes.includes('admin')) return insufficientScope(caller, ['admin'], resource);
  const findings = await diagnose(c.env, config, url);
  return c.json({ ok: findings.every(({ state }) => state !== 'wrong'), version: VERSION, findings });
});
