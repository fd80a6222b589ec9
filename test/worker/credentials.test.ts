import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, inject, test } from 'vitest';
import { CredentialStore } from '../../src/auth/credentials/store.ts';
import { Vault, type VaultSecrets } from '../../src/auth/credentials/vault.ts';
import { handleModelRequest } from '../../src/gate/gate.ts';
import { runToken } from '../../src/gate/run-token.ts';
import { connect } from '../helpers/mcp-client.ts';
import { gatewayWith, ORIGIN, OWNER_TOKEN, ownerBrowser, RESOURCE, withPassphrase } from './helpers/gateway.ts';
import { jobOf, specOf } from './helpers/jobs.ts';

const SECRET = 'a-run-token-of-16-characters';
const SUBSCRIPTION = { ANTHROPIC_API_KEY: '', CLAUDE_CODE_OAUTH_TOKEN: 'operators-subscription' };

/** An account with a name of its own, and keys of its own. */
async function accountWith(keys: Record<string, string> = {}, account = `account-${crypto.randomUUID()}`) {
  for (const [name, value] of Object.entries(keys))
    expect(await env.ACCESS.getByName(account).setCredential({ name, value }, 'a test')).toMatchObject({ ok: true });
  return account;
}

/** Makes a model call of a running job of an account. Returns the status, the keys that reached the model service, and who paid. */
async function callModel(account: string, settings: Record<string, string> = {}, headers: Record<string, string> = {}) {
  const spec = specOf([], { provider: 'claude', account });
  const hold = { approvalId: 'a', rule: '', reason: '', expiresAt: Date.now() + 600_000, url: '' };
  await jobOf(spec).create(spec, SECRET, true, hold);
  const request = new Request(`http://127.0.0.1/gate/claude/v1/messages?job=${spec.id}`, {
    method: 'POST',
    headers: { 'x-api-key': await runToken(env, spec, SECRET), 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'claude-opus-5-5', max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] }),
  });
  const answer = await handleModelRequest(request, { ...env, ...settings });
  await answer.text();
  const requests: { url?: string; auth?: string; apiKey?: string }[] = await (
    await fetch(`${inject('modelUrl')}/__mock/requests`)
  ).json();
  const status = await jobOf(spec).status(0, 1);
  return {
    status: answer.status,
    keys: requests.flatMap(({ url, auth, apiKey }) => (url?.endsWith(spec.id) ? [auth ?? apiKey] : [])),
    paidBy: status?.ok ? status.value.job.paidBy : undefined,
  };
}

test('two accounts pay with their own keys, whatever their runs send', async () => {
  const first = await accountWith({ ANTHROPIC_API_KEY: 'first-own-key' });
  const second = await accountWith({ CLAUDE_CODE_OAUTH_TOKEN: 'second-own-token' });
  const forged = { authorization: 'Bearer first-own-key', 'x-account': first };
  expect(await callModel(first)).toEqual({ status: 200, keys: ['first-own-key'], paidBy: 'own' });
  expect(await callModel(second, {}, forged)).toEqual({ status: 200, keys: ['Bearer second-own-token'], paidBy: 'own' });
});

const whoPays: [providerKeys: string, own: boolean, keys: string[], paidBy: string | undefined][] = [
  ['both', true, ['own-key-of-account'], 'own'],
  ['both', false, ['test-anthropic-key'], 'operator'],
  ['own', true, ['own-key-of-account'], 'own'],
  ['own', false, [], undefined],
  ['operator', true, ['test-anthropic-key'], 'operator'],
];

test.each(whoPays)('with PROVIDER_KEYS=%s, and a key of the account: %s, %o pays', async (providerKeys, own, keys, paidBy) => {
  const account = await accountWith(own ? { ANTHROPIC_API_KEY: 'own-key-of-account' } : {});
  expect(await callModel(account, { PROVIDER_KEYS: providerKeys })).toMatchObject({ keys, paidBy });
});

test("the operator's subscription serves the owner's account only", async () => {
  expect(await callModel('owner', SUBSCRIPTION)).toMatchObject({ status: 200, keys: ['Bearer operators-subscription'] });
  expect(await callModel(await accountWith(), SUBSCRIPTION)).toMatchObject({ status: 403, keys: [] });
});

test('a removed key is used no more, from the next model call on', async () => {
  const account = await accountWith({ ANTHROPIC_API_KEY: 'own-key-of-account' });
  expect(await callModel(account)).toMatchObject({ paidBy: 'own' });
  expect(await env.ACCESS.getByName(account).removeCredential('ANTHROPIC_API_KEY', 'a test')).toBe(true);
  expect(await callModel(account)).toMatchObject({ keys: ['test-anthropic-key'], paidBy: 'operator' });
});

test('a request without any key is refused before it becomes a job, with the page that stores one', async () => {
  const send = gatewayWith({ PROVIDER_KEYS: 'own' });
  const client = await connect(RESOURCE, OWNER_TOKEN, { fetch: send });
  const { error } = await client.call('grok_request', { prompt: 'hi' });
  expect(error).toMatchObject({ code: 'provider_unavailable', message: expect.stringContaining(`${ORIGIN}/credentials`) });
  await client.client.close();
});

test('a person stores, replaces and removes a key on the page, which never shows it', async () => {
  const owner = await ownerBrowser(gatewayWith(await withPassphrase()));
  const value = `xai-${crypto.randomUUID()}`;
  const refused = await owner.submit(await owner.go(`${ORIGIN}/credentials`), '/credentials', {
    name: 'XAI_API_KEY',
    value: 'a b',
  });
  expect(refused.status).toBe(400);
  expect(refused.html).toContain('value: must have 8 to 4096 visible ASCII characters');
  const stored = await owner.submit(refused, '/credentials', { name: 'XAI_API_KEY', value });
  expect(stored.html).toContain('<strong>XAI_API_KEY</strong>');
  expect(stored.html).not.toContain(value);
  expect(await env.ACCESS.getByName('owner').useCredential(['XAI_API_KEY'])).toEqual({ name: 'XAI_API_KEY', value });
  const removed = await owner.submit(stored, '/credentials/XAI_API_KEY/remove');
  expect(removed.html).toContain('No keys.');
  const rows = await env.ACCOUNTS.getByName('owner').audit({ kind: 'access' }, 20);
  expect(rows.map(({ decision }) => decision)).toEqual(expect.arrayContaining(['credential set', 'credential removed']));
  expect(JSON.stringify(rows)).not.toContain(value);
});

test('scripts store, list and remove keys with the scope admin, and no answer or audit row has the value', async () => {
  const send = gatewayWith();
  const api = async (method: string, path: string, body?: object) => {
    const headers = { authorization: `Bearer ${OWNER_TOKEN}`, 'content-type': 'application/json' };
    const answer = await send(path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    return { status: answer.status, text: await answer.text() };
  };
  const value = `sk-ant-${crypto.randomUUID()}`;
  const made = await api('POST', '/api/credentials', { name: 'ANTHROPIC_API_KEY', value });
  expect(made).toEqual({ status: 200, text: '{"name":"ANTHROPIC_API_KEY"}' });
  const listed = await api('GET', '/api/credentials');
  expect(listed.text).toContain('"isReadable":true');
  expect(await api('POST', '/api/credentials', { name: 'PATH', value })).toMatchObject({
    status: 400,
    text: expect.stringContaining('name: must be one of ANTHROPIC_API_KEY'),
  });
  expect(await api('DELETE', '/api/credentials/ANTHROPIC_API_KEY')).toMatchObject({ status: 200 });
  expect(await api('DELETE', '/api/credentials/ANTHROPIC_API_KEY')).toMatchObject({ status: 404 });
  const rows = JSON.stringify(await env.ACCOUNTS.getByName('owner').audit({}, 50));
  expect(rows).toContain('credential_set');
  expect([made.text, listed.text, rows].join()).not.toContain(value);
});

/** A vault of an account in the storage of an object of its own, under the secrets of a version of the settings. */
const inVault = <T>(run: (under: (secrets: VaultSecrets) => Vault) => Promise<T>): Promise<T> =>
  runInDurableObject(env.ACCESS.getByName(crypto.randomUUID()), (_access, { storage }) =>
    run((secrets) => new Vault(new CredentialStore(storage), 'someone', secrets)),
  );

const KEY = { name: 'XAI_API_KEY', value: 'xai-made-up' };
const [OLD, NEW] = ['the-former-secret-of-the-gateway', 'the-current-secret-of-the-gateway'];

test('a key is sealed with a new secret while the previous one is set, and unreadable without either', async () => {
  await inVault(async (under) => {
    await under({ credentialsSecret: OLD }).put(KEY, 1);
    expect(await under({ credentialsSecret: NEW }).use([KEY.name], 2)).toBeNull();
    expect(await under({ credentialsSecret: NEW }).shown()).toMatchObject([{ name: KEY.name, isReadable: false }]);
    expect(await under({ credentialsSecret: NEW, credentialsSecretPrevious: OLD }).use([KEY.name], 2)).toEqual(KEY);
    expect(await under({ credentialsSecret: NEW }).use([KEY.name], 3)).toEqual(KEY);
    expect(await under({ credentialsSecret: OLD }).use([KEY.name], 3)).toBeNull();
  });
});

test('without a secret no key is stored', async () => {
  await inVault(async (under) => {
    expect(await under({}).put(KEY, 1)).toMatchObject({ ok: false, failure: { code: 'credentials_unavailable' } });
    expect(await under({}).shown()).toEqual([]);
  });
});
