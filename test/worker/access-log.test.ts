import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { Account } from '../../src/account/account.ts';
import { clock } from '../../src/clock.ts';
import { browser } from '../helpers/browser.ts';
import { gatewayWith, listTools, ORIGIN, ownerBrowser, PASSPHRASE, withPassphrase } from './helpers/gateway.ts';
import { callOf } from './helpers/jobs.ts';

let send: ReturnType<typeof gatewayWith>;
beforeAll(async () => {
  send = gatewayWith(await withPassphrase());
});

const owner = () => env.ACCOUNTS.getByName('owner');
/** The newest accesses to the owner's account, newest first. */
const latest = async (count: number) =>
  (await owner().audit({ kind: 'access' }, count)).map(({ decision, grant, reason }) => [decision, grant, reason]);

test('a sign-in and a wrong passphrase are rows that state from where', async () => {
  const stranger = browser((url, init) => {
    const headers = new Headers(init.headers);
    headers.set('cf-connecting-ip', '203.0.113.9');
    return send(url, { ...init, headers });
  });
  const form = await stranger.go(`${ORIGIN}/sign-in`);
  await stranger.submit(form, '/sign-in', { passphrase: 'a guess' });
  await stranger.submit(form, '/sign-in', { passphrase: PASSPHRASE });
  const rows = (await latest(4)).filter(([event]) => String(event).startsWith('sign in'));
  expect(rows).toEqual([
    ['sign in', 'the owner', 'passphrase, from 203.0.113.9'],
    ['sign in failed', 'the owner', 'passphrase, from 203.0.113.9'],
  ]);
  expect(JSON.stringify(rows)).not.toContain('a guess');
});

test('a token is created, first used and revoked in rows that state by whom', async () => {
  const person = await ownerBrowser(send);
  const page = await person.submit(await person.go(`${ORIGIN}/tokens`), '/tokens', {
    name: 'for a script',
    scope: ['jobs:read'],
    days: '30',
  });
  const [token = ''] = /lcg_owner_[\w-]{43}/.exec(page.html) ?? [];
  await listTools(send, token);
  await listTools(send, token);
  const [{ id = '' } = {}] = (await env.ACCESS.getByName('owner').tokens()).filter(({ name }) => name === 'for a script');
  await person.submit(await person.go(`${ORIGIN}/connections`), `/tokens/${id}/revoke`);
  const rows = (await latest(10)).filter(([event]) => String(event).startsWith('token'));
  expect(rows.slice(0, 3)).toEqual([
    ['token revoked', 'the owner', 'for a script'],
    ['token first used', `token_${id}`, 'for a script'],
    ['token created', 'the owner', 'for a script: jobs:read'],
  ]);
});

test.each(['/policies', '/policies/default', '/audit', '/audit/export', '/tokens', '/connections'])(
  'reading %s is a row',
  async (path) => {
    const person = await ownerBrowser(send);
    await person.go(`${ORIGIN}${path}`);
    expect((await latest(1))[0]).toEqual(['read', 'the owner', path]);
  },
);

test('a form page answers JSON with 400', async () => {
  const headers = { 'content-type': 'application/json', origin: ORIGIN };
  for (const path of ['/sign-in', '/authorize', '/tokens', '/policies/default/preset']) {
    const answer = await send(`${ORIGIN}${path}`, { method: 'POST', headers, body: '{}' });
    expect({ path, status: answer.status, text: await answer.text() }).toMatchObject({
      path,
      status: 400,
      text: expect.stringContaining('application/json'),
    });
  }
});

test.each([
  'https://127.0.0.1/client.json',
  'https://[::ffff:127.0.0.1]/client.json',
  'https://localhost/client.json',
  'http://app.test/client.json',
  'https://printer.local/client.json',
])('no description of a client is fetched from %s', async (client_id) => {
  const web = vi.spyOn(globalThis, 'fetch');
  onTestFinished(() => web.mockRestore());
  const query = new URLSearchParams({ client_id, response_type: 'code', redirect_uri: 'https://app.test/cb' });
  expect((await send(`${ORIGIN}/authorize?${query}`, {})).status).toBe(400);
  const body = new URLSearchParams({ client_id, grant_type: 'authorization_code', code: 'x' });
  expect((await send(`${ORIGIN}/oauth/token`, { method: 'POST', body })).status).toBe(400);
  const headers = { authorization: `Basic ${btoa(`${encodeURIComponent(client_id)}:x`)}` };
  const basic = await send(`${ORIGIN}/oauth/token`, {
    method: 'POST',
    headers,
    body: new URLSearchParams({ grant_type: 'authorization_code' }),
  });
  expect(basic.status).toBe(400);
  expect(web).not.toHaveBeenCalled();
});

const directory = () => env.DIRECTORY.getByName(crypto.randomUUID());

test('twenty addresses lock out nobody, and two hundred not the owner, whose address is known', async () => {
  await runInDurableObject(directory(), (people) => {
    people.clearAttempts('home');
    const guess = (from: number, to: number) => {
      for (let address = from; address < to; address += 1) for (let i = 0; i < 10; i += 1) people.attempt(`a${address}`);
    };
    guess(0, 20);
    expect(people.attempt('elsewhere')).toBe(0);
    guess(20, 200);
    expect(people.attempt('elsewhere')).toBeGreaterThan(0);
    expect(people.attempt('home')).toBe(0);
  });
});

test('a name of a sign-in site stays with the person who used it first', async () => {
  const people = directory();
  expect(await people.isSamePerson('github', 'octo', '1')).toBe(true);
  expect(await people.isSamePerson('github', 'octo', '1')).toBe(true);
  expect(await people.isSamePerson('github', 'octo', '2')).toBe(false);
  expect(await people.isSamePerson('github', 'other', '2')).toBe(true);
});

test('the head of the audit log is kept outside of it once a day, and a log that was cut off is found by itself', async () => {
  const name = `a${crypto.randomUUID()}`;
  await runInDurableObject(env.ACCOUNTS.getByName(name), async (_account, state) => {
    const account = new Account(state, env);
    for (let i = 0; i < 3; i += 1) await account.permit(callOf('list_models'));
    expect((await account.auditEnds()).kept).toBeUndefined();
    const later = clock.now() + 3_600_001;
    const now = vi.spyOn(clock, 'now').mockReturnValue(later);
    onTestFinished(() => now.mockRestore());
    await account.alarm();
    expect((await account.auditEnds()).kept?.seq).toBe(3);
    await account.permit(callOf('list_models'));
    await account.alarm();
    expect((await account.auditEnds()).kept?.seq).toBe(3);
    expect(await account.verifyAudit()).not.toHaveProperty('brokenAt');
    state.storage.sql.exec('DELETE FROM audit WHERE seq > 2');
    expect(await account.verifyAudit()).toMatchObject({ brokenAt: 3 });
  });
});
