import { once } from 'node:events';
import { createServer } from 'node:http';
import * as oauth from 'oauth4webapi';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hashPassphrase } from '../../src/auth/sign-in/passphrase.ts';
import { useGateway } from '../helpers/gateway.ts';
import { hasChromium, launch, look, signIn } from './chromium.ts';

const PASSPHRASE = 'correct horse battery staple';
/** The browser has to reach the client's callback. */
const callback = createServer((_request, response) => response.end('back at the app'));

if (!hasChromium()) console.warn('Chromium is not installed: the pages are not tested. apt-get install -y chromium');

describe.skipIf(!hasChromium())('in Chromium', () => {
  const { gateway } = useGateway(async () => ({ OWNER_PASSPHRASE_HASH: await hashPassphrase(PASSPHRASE) }));
  const origin = () => new URL(gateway().url).origin;
  let browser: Browser;
  let consentUrl: string;
  let redirect = '';

  beforeAll(async () => {
    await once(callback.listen(0, '127.0.0.1'), 'listening');
    const address = callback.address();
    if (typeof address === 'object' && address) redirect = `http://127.0.0.1:${address.port}/callback`;
    browser = await launch();
    consentUrl = await register();
  });
  afterAll(async () => {
    await browser?.close();
    callback.close();
  });

  /** Registers a client. Returns the URL to which it sends a person. */
  async function register(): Promise<string> {
    const body = JSON.stringify({ client_name: 'Claude', redirect_uris: [redirect], token_endpoint_auth_method: 'none' });
    const headers = { 'content-type': 'application/json' };
    const made = await fetch(`${origin()}/oauth/register`, { method: 'POST', headers, body });
    const client = await oauth.processDynamicClientRegistrationResponse(made);
    const url = new URL('/authorize', origin());
    const asked = { client_id: client.client_id, redirect_uri: redirect, response_type: 'code', state: 'a-state' };
    const challenge = await oauth.calculatePKCECodeChallenge(oauth.generateRandomCodeVerifier());
    const rest = { scope: 'jobs:read jobs:run', code_challenge: challenge, code_challenge_method: 'S256' };
    url.search = new URLSearchParams({ ...asked, ...rest }).toString();
    return url.href;
  }

  /** A page in a new browser profile. */
  const openPage = async () => (await browser.newContext()).newPage();

  test('a person signs in, allows, sees the connection, creates and revokes a token, signs out', async () => {
    const page = await openPage();
    const see = (name: string) => look(page, name);
    await page.goto(origin());
    await see('home');
    await page.goto(consentUrl);
    await see('sign-in');
    await signIn(page, 'wrong passphrase');
    await see('sign-in-wrong');
    await signIn(page, PASSPHRASE);
    await see('consent');
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Allow Claude?');
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.waitForURL(/callback\?/);
    expect(new URL(page.url()).searchParams.get('iss')).toBe(origin());
    await page.goto(`${origin()}/connections`);
    await see('connections');
    await page.goto(`${origin()}/tokens`);
    await see('tokens');
    await page.getByLabel('Name', { exact: true }).fill('CI');
    await page.getByRole('button', { name: 'Create token' }).click();
    await see('token-made');
    expect(await page.getByLabel('The token').textContent()).toMatch(/^lcg_owner_[\w-]{43}$/);
    await page.getByRole('button', { name: 'Revoke CI' }).click();
    await page.waitForURL(/connections/);
    await page.getByRole('button', { name: 'Revoke Claude' }).click();
    expect(await page.getByText('No connected apps.').isVisible()).toBe(true);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.goto(`${origin()}/tokens`);
    expect(page.url()).toContain('/sign-in');
    await page.context().close();
  });

  test('the keyboard alone is enough to sign in, to deselect a permission and to allow', async () => {
    const page = await openPage();
    const focused = (text: RegExp) =>
      page
        .locator(':focus')
        .evaluate((element) => element.outerHTML)
        .then((html) => text.test(html));
    const tabTo = async (text: RegExp) => {
      for (let stop = 0; stop < 20; stop += 1) {
        await page.keyboard.press('Tab');
        if (await focused(text)) return;
      }
      throw new Error(`Tab never reaches ${text}`);
    };
    await page.goto(consentUrl);
    await page.locator('#passphrase:focus').waitFor();
    await page.keyboard.type(PASSPHRASE);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Allow Claude?' }).waitFor();
    await tabTo(/value="jobs:run"/);
    await page.keyboard.press('Space');
    await tabTo(/value="allow"/);
    await page.keyboard.press('Enter');
    await page.waitForURL(/callback\?code=/);
    await page.goto(`${origin()}/connections`);
    expect(await page.getByRole('listitem').first().textContent()).toContain('jobs:read');
    expect(await page.getByRole('listitem').first().textContent()).not.toContain('jobs:run');
    await tabTo(/aria-label="Revoke Claude"/);
    await page.keyboard.press('Enter');
    await page.getByText('No connected apps.').waitFor();
    await page.context().close();
  });

  test('a signed-out person whose app asks wrongly returns to the app, also if the request was withdrawn during the sign-in', async () => {
    const page = await openPage();
    const wrong = new URL(consentUrl);
    wrong.searchParams.set('code_challenge_method', 'plain');
    await page.goto(wrong.href);
    await page.waitForURL(/callback\?error=invalid_request/);
    expect(await page.textContent('body')).toBe('back at the app');
    await page.goto(`${origin()}/sign-in?${new URLSearchParams({ next: wrong.pathname + wrong.search })}`);
    await signIn(page, PASSPHRASE);
    await page.waitForURL(/callback\?error=invalid_request/);
    await page.context().close();
  });

  test('a denial returns to the app', async () => {
    const page = await openPage();
    await page.goto(consentUrl);
    await signIn(page, PASSPHRASE);
    await page.getByRole('button', { name: 'Deny' }).click();
    await page.waitForURL(/callback\?error=access_denied/);
    expect(await page.textContent('body')).toBe('back at the app');
    await page.context().close();
  });
});
