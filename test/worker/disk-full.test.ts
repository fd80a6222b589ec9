import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { gatewayWith, mcpCall, OWNER_TOKEN, RESOURCE } from './helpers/gateway.ts';

const FULL_DISK = ['database or disk is full: SQLITE_FULL', "ENOSPC: no space left on device, write '/x'"];

const failures: [thrown: string, code: string, status: number][] = [
  ...FULL_DISK.map((thrown): [string, string, number] => [thrown, 'disk_full', 507]),
  ['no such table: entry: SQLITE_ERROR', 'internal', 500],
  // The runtime does not say why it failed, and the executor's disk has space.
  ['internal error; reference = abc', 'internal', 500],
];

/** The bindings with an account, and a rate limit, that fail. */
const failingWith = (thrown: string) => {
  const fail = () => Promise.reject(new Error(thrown));
  const account = new Proxy({}, { get: () => fail });
  return { account: { ACCOUNTS: { ...env.ACCOUNTS, getByName: () => account } }, limiter: { RL_ACCOUNT: { limit: fail } } };
};

test.each(failures)('a store that fails with "%s" is %s', async (thrown, code, status) => {
  const { account, limiter } = failingWith(thrown);
  const call = mcpCall(OWNER_TOKEN, 'tools/call', { name: 'claude_request', arguments: { prompt: 'hello' } });
  const text = await (await gatewayWith({}, Object(account))(RESOURCE, call)).text();
  expect(text).toContain(`"code":"${code}"`);
  expect(text).toContain('"retryable":true');
  const response = await gatewayWith({}, Object(limiter))(RESOURCE, call);
  expect({ status: response.status, body: await response.json() }).toMatchObject({ status, body: { error: { code } } });
});
