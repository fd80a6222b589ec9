import { randomBytes, randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import type { Attack } from './attack.ts';
import { heldIf } from './attack.ts';
import { type Answer, mcpCall, send, unless } from './http.ts';
import type { Rig } from './rig.ts';

const REFUSED = [400, 401, 403, 404, 405, 429];
const isRefused = ({ status }: Answer) => REFUSED.includes(status);

/** A row that holds if every request is refused. */
const refused = (name: string, requests: (rig: Rig) => Promise<Answer>[]): Attack => ({
  attacker: 'stranger',
  name,
  run: async (rig) => heldIf((await Promise.all(requests(rig))).map((answer) => unless(isRefused(answer), answer)).join('')),
});

const made = (length: number) => randomBytes(length).toString('base64url');
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const REDIRECTS = [
  'http://evil.test/cb',
  'javascript:alert(1)',
  'https://claude.ai@evil.test/cb',
  'https://app.test/cb#x',
  'data:text/html,x',
];

/** What someone without any token tries. */
export const stranger: Attack[] = [
  refused('call a tool without a token', ({ origin }) => [send(origin, '/mcp', mcpCall(undefined, 'llm_job_list', {}))]),
  refused('call a tool with made-up tokens', ({ origin }) =>
    [made(32), `lcg_owner_${made(32).slice(0, 43)}`, `owner:${randomUUID()}:${made(24)}`].map((token) =>
      send(origin, '/mcp', mcpCall(token, 'llm_job_list', {})),
    ),
  ),
  refused('call the gate with made-up tokens', ({ origin }) =>
    Array.from({ length: 5 }, () =>
      send(origin, '/gate/claude/v1/messages', {
        method: 'POST',
        headers: { 'x-api-key': `owner.job_${made(12)}.${made(24)}` },
        body: '{}',
      }),
    ),
  ),
  {
    attacker: 'stranger',
    name: 'fill the disk by made-up tokens at the gate, each of which would create an object',
    modes: ['process'],
    run: async ({ origin, state }) => {
      const objects = () => readdirSync(state, { recursive: true }).filter((file) => String(file).endsWith('.sqlite')).length;
      const before = objects();
      for (let i = 0; i < 20; i += 1)
        await send(origin, '/gate/claude/v1/messages', {
          method: 'POST',
          headers: { 'x-api-key': `owner.job_${made(12)}.${made(24)}` },
          body: '{}',
        });
      const added = objects() - before;
      return heldIf(added > 0 ? `${added} objects were created` : '');
    },
  },
  refused('reach the gateway under another host, as after DNS rebinding', ({ origin }) =>
    ['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example'].map((host) =>
      send(origin, '/sign-in', { headers: { host } }),
    ),
  ),
  refused('read pages of a person without a session', ({ origin }) =>
    ['/audit/export', '/approvals/x']
      .map((path) => send(origin, path, { headers: { cookie: `session=owner.${made(32)}` } }))
      .map(async (answer) => {
        const { status, headers, text } = await answer;
        return String(headers.location ?? '').includes('/sign-in') ? { status: 401, headers, text } : { status, headers, text };
      }),
  ),
  {
    attacker: 'stranger',
    name: 'guess the passphrase',
    run: async ({ origin }) => {
      const guess = () =>
        send(origin, '/sign-in', { method: 'POST', headers: { ...FORM, origin }, body: 'passphrase=a+guess&next=%2F' });
      const answers: Answer[] = [];
      for (let i = 0; i < 12; i += 1) answers.push(await guess());
      return heldIf(answers.at(-1)?.status === 429 ? '' : `${answers.map(({ status }) => status)}`);
    },
  },
  {
    attacker: 'stranger',
    name: 'register an app with a redirect that leads elsewhere',
    run: async ({ origin }) => {
      const register = (redirect: string) =>
        send(origin, '/oauth/register', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ client_name: 'x', redirect_uris: [redirect], token_endpoint_auth_method: 'none' }),
        });
      const answers = await Promise.all(REDIRECTS.map(register));
      return heldIf(answers.map((answer) => unless(answer.status === 400 || answer.status === 429, answer)).join(''));
    },
  },
  refused('let the gateway fetch the description of an app from a private address', ({ origin }) =>
    ['https://127.0.0.1/c', 'https://localhost/c', 'https://[::ffff:127.0.0.1]/c', 'https://2130706433/c'].map((id) =>
      send(
        origin,
        `/authorize?${new URLSearchParams({ client_id: id, response_type: 'code', redirect_uri: 'https://app.test/cb' })}`,
      ),
    ),
  ),
  refused('use another grant type or a made-up code', ({ origin }) =>
    [
      'authorization_code',
      'refresh_token',
      'client_credentials',
      'password',
      'urn:ietf:params:oauth:grant-type:token-exchange',
    ].map((grant_type) =>
      send(origin, '/oauth/token', {
        method: 'POST',
        headers: FORM,
        body: new URLSearchParams({
          grant_type,
          code: made(16),
          refresh_token: `owner:x:${made(16)}`,
          client_id: 'x',
        }).toString(),
      }),
    ),
  ),
  {
    attacker: 'stranger',
    name: 'lead a person to another site after the sign-in',
    run: async ({ origin }) => {
      const targets = [
        '//evil.test',
        'https://evil.test',
        '/\\evil.test',
        `/%5C${'evil.test'}`,
        '\\\\evil.test',
        'javascript:alert(1)',
      ];
      const pages = await Promise.all(targets.map((next) => send(origin, `/sign-in?next=${encodeURIComponent(next)}`)));
      const next = ({ text }: Answer) => /name="next" value="([^"]*)"/.exec(text)?.[1] ?? '/';
      const strays = pages.map(next).filter((path) => new URL(path.replaceAll('&amp;', '&'), origin).origin !== origin);
      return heldIf(strays.join(' '));
    },
  },
  refused('read the deep health check', ({ origin }) => [send(origin, '/health?deep=1')]),
  refused('create an API token', ({ origin }) => [
    send(origin, '/api/tokens', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"name":"x","scopes":["admin"]}',
    }),
  ]),
];
