import { z } from 'zod';
import { claimPort, LOOPBACK } from '../../scripts/local/port.ts';
import { browser } from '../helpers/browser.ts';
import { type Run, runSuite } from './suite.ts';

const Metadata = z.object({ issuer: z.url(), registration_endpoint: z.url() });
const Registered = z.object({ client_id: z.string() });

async function json<T extends z.ZodType>(type: T, url: string | URL, init?: RequestInit): Promise<z.output<T>> {
  const response = await fetch(url, init);
  return type.parse(await response.json());
}

/** Runs the suite's authorization scenarios against a gateway, and grants their requests as the owner does in a browser. */
export async function runAuthorization(resource: string, passphrase: string, directory: string): Promise<Run> {
  const { issuer, registration_endpoint } = await json(Metadata, new URL('/.well-known/oauth-authorization-server', resource));
  const port = String(await claimPort(0));
  const wanted = {
    client_name: 'Conformance',
    redirect_uris: [`http://${LOOPBACK}:${port}/callback`],
    token_endpoint_auth_method: 'none',
  };
  const register = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(wanted) };
  const { client_id } = await json(Registered, registration_endpoint, register);
  const owner = browser(fetch);
  await owner.submit(await owner.go(new URL('/sign-in', issuer).href), '/sign-in', { passphrase });
  const grant = async (url: string) => {
    const answer = await owner.submit(await owner.go(url), '/authorize', { decision: 'allow' });
    await fetch(answer.url);
  };
  const onLine = (line: string) => {
    if (line.startsWith('http') && line.includes('code_challenge')) grant(line).catch(console.error);
  };
  const args = ['authorization', '--url', issuer, '--client-id', client_id, '--resource', resource, '--port', port];
  return runSuite(args, directory, onLine);
}
