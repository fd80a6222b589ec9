import { type Attack, heldIf } from './attack.ts';
import { type Answer, mcpCall, send, unless } from './http.ts';
import type { Rig } from './rig.ts';

const EVIL = ['https://evil.test', 'null', 'http://127.0.0.1.evil.test', 'http://localhost.evil.test'];
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

const cookieOf = async (rig: Rig) => [...(await rig.ownerBrowser()).jar].map(([name, value]) => `${name}=${value}`).join('; ');

/** A row in which a page of another site posts with the cookies of the owner's browser. */
const posts = (name: string, path: string, body: string): Attack => ({
  attacker: 'hostile page',
  name,
  run: async (rig) => {
    const cookie = await cookieOf(rig);
    const post = (headers: Record<string, string>) =>
      send(rig.origin, path, { method: 'POST', headers: { ...FORM, cookie, ...headers }, body });
    const answers = await Promise.all([...EVIL.map((origin) => post({ origin })), post({ 'sec-fetch-site': 'cross-site' })]);
    return heldIf(answers.map((answer) => unless(answer.status === 403, answer)).join(''));
  },
});

/** What a page of another site tries through the browser of a signed-in person. */
export const hostilePage: Attack[] = [
  posts('create an API token', '/tokens', 'name=x&scope=admin&days=7'),
  posts('set a policy', '/policies/default/preset', 'preset=open'),
  posts('decide an approval', '/approvals/x', 'decision=approve'),
  posts('revoke a connection', '/connections/x/revoke', ''),
  posts('give consent', '/authorize', 'decision=allow&handle=x&account=owner&scope=admin'),
  posts('sign the person out', '/sign-out', ''),
  {
    attacker: 'hostile page',
    name: 'call a tool with the token of a page that it knows',
    run: async ({ origin, gateway }) => {
      const call = (evil: string) => send(origin, '/mcp', mcpCall(gateway.settings.token, 'llm_job_list', {}, { origin: evil }));
      const answers = await Promise.all(EVIL.filter((evil) => evil !== 'null').map(call));
      return heldIf(answers.map((answer: Answer) => unless(answer.status === 403, answer)).join(''));
    },
  },
  {
    attacker: 'hostile page',
    name: 'show a page of the gateway in a frame',
    run: async ({ origin }) => {
      const { headers } = await send(origin, '/sign-in');
      const isHeld =
        headers['x-frame-options'] === 'DENY' && /frame-ancestors 'none'/.test(String(headers['content-security-policy']));
      return heldIf(isHeld ? '' : JSON.stringify(headers));
    },
  },
  {
    attacker: 'hostile page',
    name: "read the session's cookie by script, or have it sent from another site",
    run: async (rig) => {
      const form = 'passphrase=a+made-up+passphrase+of+the+owner&next=%2F';
      const { headers } = await send(rig.origin, '/sign-in', {
        method: 'POST',
        headers: { ...FORM, origin: rig.origin },
        body: form,
      });
      const cookies = [headers['set-cookie'] ?? []].flat();
      const weak = cookies.filter((cookie) => !/httponly/i.test(cookie) || !/samesite=lax/i.test(cookie));
      return heldIf(weak.join('\n'));
    },
  },
];
