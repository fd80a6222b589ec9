import { resourceOf } from '../auth/resource.ts';
import { signInMethods } from '../auth/sign-in/methods.ts';
import type { Config } from '../config.ts';
import { type Finding, finding } from './finding.ts';

const NO_SIGN_IN = 'No sign-in method is configured. Run npm run passphrase and set what it prints.';
const TOKEN_ONLY = 'Only GATEWAY_TOKEN is configured. Web clients need a sign-in method: run npm run passphrase.';
const NO_SECRET = 'Nothing is sent. Set APPROVAL_WEBHOOK_SECRET to whsec_ followed by the output of openssl rand -base64 32.';

/** Checks which sign-in signInMethods are configured, completely or in part. */
export function checkSignIn(config: Config): Finding[] {
  const configured = signInMethods(config).filter(({ hasSettings }) => hasSettings);
  if (configured.length === 0)
    return [config.gatewayToken ? finding('sign-in', 'note', TOKEN_ONLY) : finding('sign-in', 'wrong', NO_SIGN_IN)];
  return configured.map(({ id, missing }) => {
    const check = `sign-in by ${id}`;
    if (missing.length === 0) return finding(check, 'ok', 'Configured.');
    return finding(check, 'wrong', `Also set ${missing.join(', ')}, or remove the other settings of this method.`);
  });
}

/** Checks that approvals can be announced, if they should be. */
export function checkWebhook({ approvalWebhookUrl: url, approvalWebhookSecret: secret }: Config): Finding[] {
  const check = 'approval webhook';
  if (url === undefined && secret === undefined) return [];
  if (url === undefined) return [finding(check, 'wrong', 'Also set APPROVAL_WEBHOOK_URL, or remove APPROVAL_WEBHOOK_SECRET.')];
  if (secret === undefined) return [finding(check, 'wrong', NO_SECRET)];
  return [finding(check, 'ok', `Approvals are announced at ${new URL(url).host}.`)];
}

/** Reports whether accounts can pay with keys of their own. */
export function checkCredentials({ providerKeys, credentialsSecret }: Config): Finding[] {
  const check = 'own keys of accounts';
  if (providerKeys === 'operator') return [];
  if (credentialsSecret !== undefined)
    return [finding(check, 'ok', `Stored at /credentials, used as PROVIDER_KEYS=${providerKeys} says.`)];
  const says = 'Cannot be stored. Set CREDENTIALS_SECRET to the output of openssl rand -base64 32, or PROVIDER_KEYS to operator.';
  return [finding(check, providerKeys === 'own' ? 'wrong' : 'note', says)];
}

/** Checks that the gateway answers under the address that its clients use. */
export function checkAddress(url: URL, config: Config): Finding {
  const check = 'address';
  const { mcpResource } = config;
  if (resourceOf(url, config) !== null) return finding(check, 'ok', mcpResource ?? `${url.origin}/mcp`);
  if (mcpResource === undefined)
    return finding(check, 'wrong', `${url.origin} is neither https nor loopback. Use https, or set MCP_RESOURCE.`);
  const says = `Clients have to use ${mcpResource}, but this request came to ${url.origin}. Set MCP_RESOURCE to the address in use.`;
  return finding(check, 'wrong', says);
}
