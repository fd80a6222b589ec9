import { resourceOf } from '../auth/resource.ts';
import { methods } from '../auth/sign-in/methods.ts';
import type { Config } from '../config.ts';
import type { Finding } from './keys.ts';

/** Which ways to come in are set, and which are only begun. */
export function checkSignIn(config: Config): Finding[] {
  const begun = methods(config).filter(({ isBegun }) => isBegun);
  const found = begun.map(({ id, missing }): Finding => {
    const check = `sign-in by ${id}`;
    if (missing.length === 0) return { check, state: 'ok', says: 'Set.' };
    return { check, state: 'wrong', says: `Set ${missing.join(', ')} as well, or remove its other settings.` };
  });
  if (begun.length > 0) return found;
  if (config.gatewayToken !== undefined)
    return [
      { check: 'sign-in', state: 'note', says: 'GATEWAY_TOKEN only. Claude.ai needs a sign-in: npm run passphrase makes one.' },
    ];
  return [{ check: 'sign-in', state: 'wrong', says: 'Nobody can come in. Run npm run passphrase and set what it prints.' }];
}

/** Whether questions to persons can be announced where they are meant to. */
export function checkWebhook({ approvalWebhookUrl: url, approvalWebhookSecret: secret }: Config): Finding[] {
  const check = 'approval webhook';
  if (url === undefined && secret === undefined) return [];
  if (url === undefined)
    return [{ check, state: 'wrong', says: 'Set APPROVAL_WEBHOOK_URL as well, or remove APPROVAL_WEBHOOK_SECRET.' }];
  if (secret === undefined)
    return [
      {
        check,
        state: 'wrong',
        says: 'Nothing is sent. Set APPROVAL_WEBHOOK_SECRET: whsec_ and the output of openssl rand -base64 32.',
      },
    ];
  return [{ check, state: 'ok', says: `Questions are announced at ${new URL(url).host}.` }];
}

/** Whether the gateway answers under the address that its clients use. */
export function checkAddress(url: URL, config: Config): Finding {
  const check = 'address';
  const { mcpResource } = config;
  if (resourceOf(url, config) !== null) return { check, state: 'ok', says: `${mcpResource ?? `${url.origin}/mcp`}` };
  if (mcpResource === undefined)
    return { check, state: 'wrong', says: `${url.origin} is neither https nor loopback. Use https, or set MCP_RESOURCE.` };
  const says = `Clients have to use ${mcpResource}, but this request came to ${url.origin}. Set MCP_RESOURCE to the address in use.`;
  return { check, state: 'wrong', says };
}
