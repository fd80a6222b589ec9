import { Hono } from 'hono';
import type { Provider } from '../../container/providers/provider.ts';
import type { AppEnv } from '../auth/app-env.ts';
import { bearerCaller } from '../auth/bearer.ts';
import { insufficientScope, unauthorized } from '../auth/challenge.ts';
import { readConfig } from '../config.ts';
import { payingKey } from '../gate/upstreams.ts';
import { VERSION } from '../version.ts';
import { checkKeys } from './keys.ts';
import { checkServices } from './services.ts';
import { checkAddress, checkCredentials, checkSignIn, checkWebhook } from './settings.ts';

/** GET /health. With ?deep=1 and a token with the scope `admin`, it reports what is configured, reachable and accepted. */
export const health = new Hono<AppEnv>().get('/health', async (c) => {
  if (c.req.query('deep') === undefined) return c.json({ ok: true, version: VERSION });
  const config = readConfig(c.env);
  const url = new URL(c.req.url);
  const resource = config.mcpResource ?? `${url.origin}/mcp`;
  const caller = await bearerCaller(c.req.raw, c.env, config, resource);
  if (!caller) return unauthorized(c.req.raw, resource);
  if (!caller.scopes.includes('admin')) return insufficientScope(caller, ['admin'], resource);
  const keyOf = (provider: Provider) => payingKey(c.env, config, caller.account, provider);
  const [keys, services] = await Promise.all([checkKeys(config, keyOf), checkServices(c.env, config)]);
  const settings = [checkAddress(url, config), ...checkSignIn(config), ...checkWebhook(config), ...checkCredentials(config)];
  const findings = [...settings, ...keys, ...services];
  return c.json({ ok: findings.every(({ state }) => state !== 'wrong'), version: VERSION, findings });
});
