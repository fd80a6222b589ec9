import { randomUUID } from 'node:crypto';
import { connect } from '../helpers/mcp-client.ts';
import { type Attack, heldIf } from './attack.ts';
import { type Answer, send, unless } from './http.ts';
import type { Rig } from './rig.ts';

const NAME = 'ANTHROPIC_API_KEY';

/** Calls the API of keys with a token. */
const api = (origin: string, token: string, method: string, path = '', body?: object): Promise<Answer> =>
  send(origin, `/api/credentials${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });

/** Does something while the owner has a made-up key of its own stored. */
async function withOwnKey<T>({ origin, gateway: { settings } }: Rig, use: (key: string) => Promise<T>): Promise<T> {
  const value = `sk-ant-${randomUUID()}`;
  const stored = await api(origin, settings.token, 'POST', '', { name: NAME, value });
  if (stored.status !== 200) throw new Error(`the key was not stored: ${stored.status} ${stored.text}`);
  try {
    return await use(value);
  } finally {
    await api(origin, settings.token, 'DELETE', `/${NAME}`);
  }
}

/** The keys that reached the model service since it had answered so many requests. */
async function keysAtService({ gateway: { modelUrl } }: Rig, from = 0): Promise<string[]> {
  const requests: { auth?: string; apiKey?: string }[] = await (await fetch(`${modelUrl}/__mock/requests`)).json();
  return requests.slice(from).map(({ auth, apiKey }) => `${auth ?? ''} ${apiKey ?? ''}`);
}

const isForbidden = ({ status }: Answer) => status === 403 || status === 404;

/** Tries to list, replace and remove the owner's key with a token. Returns what was not refused. */
async function takeKey({ origin }: Rig, token: string): Promise<string> {
  const tried = [
    await api(origin, token, 'GET'),
    await api(origin, token, 'POST', '', { name: NAME, value: 'sk-ant-of-the-attacker' }),
    await api(origin, token, 'DELETE', `/${NAME}`),
  ];
  return tried.map((answer) => unless(isForbidden(answer), answer)).join('');
}

/** What other parties try in order to read, use or replace a key that an account stored for itself. */
export const ownKeys: Attack[] = [
  {
    attacker: 'other account',
    name: "have its model calls paid by the owner's own key",
    run: (rig) =>
      withOwnKey(rig, async (key) => {
        const other = await connect(rig.gateway.url, await rig.otherToken());
        const ask = { prompt: '[mock:text paid]', forceRefresh: true, syncDeadlineMs: 60_000 };
        try {
          const before = (await keysAtService(rig)).length;
          const { answer, error } = await other.call('claude_request', ask);
          if (!answer) throw new Error(`the other account got no answer: ${JSON.stringify(error)}`);
          const middle = await keysAtService(rig, before);
          await rig.owner.call('claude_request', ask);
          const after = await keysAtService(rig, before + middle.length);
          if (!after.some((sent) => sent.includes(key))) throw new Error("the owner's call did not use its key");
          return heldIf(middle.filter((sent) => sent.includes(key)).join('\n'));
        } finally {
          await other.close();
        }
      }),
  },
  {
    attacker: 'other account',
    name: 'list, replace or remove a key that the owner stored',
    run: (rig) =>
      withOwnKey(rig, async (key) => {
        const taken = await takeKey(rig, await rig.otherToken());
        const { text } = await api(rig.origin, rig.gateway.settings.token, 'GET');
        const isKept = text.includes(NAME) && !text.includes(key);
        return heldIf([taken, isKept ? '' : text].join(''));
      }),
  },
  {
    attacker: 'restricted connection',
    name: 'list, store or remove keys of its account without the permission to administer',
    run: (rig) =>
      withOwnKey(rig, async () => {
        const { token } = await rig.clientWith(['jobs:read', 'jobs:run', 'approvals:write'], 'careful');
        return heldIf(await takeKey(rig, token));
      }),
  },
  {
    attacker: 'hostile run',
    name: 'read the key of its own account that pays for it',
    run: (rig) =>
      withOwnKey(rig, async (key) => {
        const places = `$HOME $PWD $TMPDIR ${rig.state}`;
        const script = `(env; cat /proc/[0-9]*/environ; timeout 10 grep -rsh sk-ant- ${places}) 2>/dev/null | grep -ao 'sk-ant-[0-9a-f-]*' | sort -u | head -50`;
        const found = await rig.outputOf({ script });
        return heldIf(found.includes(key) ? 'the key was in its output' : '');
      }),
  },
];
