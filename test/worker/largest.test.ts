import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import type { Caller } from '../../src/caller.ts';
import { rangeOf } from '../../src/config.ts';
import { JobStore } from '../../src/job/store.ts';
import { DOCUMENT_MAX_CHARS } from '../../src/policy/document.ts';
import { gatewayWith, ORIGIN, ownerBrowser, withPassphrase } from './helpers/gateway.ts';
import { jobOf, specOf } from './helpers/jobs.ts';
import { expectWithin, LARGEST, largestIn, MANY, MESSAGE_MAX, ROW_MAX, storedIn, TEXT } from './helpers/largest.ts';
import { callTool, setPolicy, someone } from './helpers/post.ts';

const limits = { promptMaxBytes: rangeOf('promptMaxBytes').max, optionsMaxBytes: rangeOf('optionsMaxBytes').max };
const HOLD = { version: '1', default: 'allow', tools: { claude_request_async: { action: 'require_approval' } } } as const;

test('every column that holds text has a declared largest size, and the columns of a table fit into one row', async () => {
  const caller = someone('jobs:read', 'jobs:run');
  await setPolicy(caller, HOLD);
  const { job } = await callTool(caller, 'claude_request_async', { prompt: 'x' });
  const objects = { Job: jobOf({ account: caller.account, id: job?.id ?? '' }), Account: env.ACCOUNTS.getByName(caller.account) };
  for (const [kind, stub] of Object.entries(objects)) {
    const declared = Object.entries(LARGEST).flatMap(([table, columns]) =>
      Object.keys(columns).map((name) => `${table}.${name}`),
    );
    const found = (await storedIn(stub)).map(({ table, name }) => `${kind}.${table}.${name}`);
    expect(found.toSorted()).toEqual(declared.filter((name) => name.startsWith(`${kind}.`)).toSorted());
  }
  const rows = Object.entries(LARGEST).map(([table, columns]) => ({
    table,
    bytes: Object.values(columns).reduce((a, b) => a + b),
  }));
  expect(rows.filter(({ bytes }) => bytes > ROW_MAX)).toEqual([]);
});

const fill = (unit: string, bytes: number) => unit.repeat(Math.floor(bytes / new TextEncoder().encode(unit).length));

/** The largest requests: prompts of quotes, of control characters, of characters of three bytes, and options and names. */
const requests: ((index: number) => { prompt: string } & Record<string, unknown>)[] = [
  (index) => ({ prompt: index + fill('"', 1_000_000) }),
  // As JSON it is as long as the body of a request may be.
  (index) => ({ prompt: index + fill('\u0007', 650_000) }),
  (index) => ({ prompt: index + fill('鎖', limits.promptMaxBytes - 10) }),
  (index) => ({
    prompt: `${index}`,
    systemPrompt: fill('"', limits.optionsMaxBytes / 2 - 1_000),
    name: '鎖'.repeat(200),
    correlationId: '鎖'.repeat(200),
    idempotencyKey: `${index}`.padEnd(200, '鎖'),
    workspace: 'w'.repeat(64),
    workingDir: 'd'.repeat(1_024),
  }),
];

/** The owner's browser, at a gateway where the owner's account is the caller's. */
async function browserOf({ account }: Caller) {
  const ACCOUNTS = Object(env.ACCOUNTS);
  const objects = { ACCOUNTS: { ...ACCOUNTS, getByName: () => env.ACCOUNTS.getByName(account) } };
  return ownerBrowser(gatewayWith(await withPassphrase(), objects));
}

/** The texts on a page that a call consists of. */
const shownIn = (html: string) =>
  [...html.matchAll(/<pre[^>]*>([^<]*)<\/pre>/g)].map(([, text = '']) =>
    text.replace(
      /&(quot|amp|lt|gt|#39);/g,
      (_all, name) => ({ quot: '"', amp: '&', lt: '<', gt: '>', '#39': "'" })[name as string] ?? '',
    ),
  );

/** Reads an approval on its page, part by part. It can be approved under the last part only. */
async function readWhole(owner: Awaited<ReturnType<typeof browserOf>>, approvalId: string): Promise<string> {
  let whole = '';
  for (let part = 1, parts = 1; part <= parts; part += 1) {
    const { html } = await owner.go(`${ORIGIN}/approvals/${approvalId}?part=${part}`);
    parts = Number(/Part \d+ of (\d+)/.exec(html)?.[1]);
    expect(html.length).toBeLessThan(1_500_000);
    expect(html.includes('value="approve"')).toBe(part === parts);
    whole += shownIn(html).join('');
  }
  return whole;
}

/** Held requests: as much as several messages can carry, and more than the page of approvals shows. */
const HELD = 24;

test('many held requests of the largest kinds are stored, read back, listed and shown whole', async () => {
  const caller = someone('jobs:read', 'jobs:run', 'approvals:write');
  await setPolicy(caller, HOLD);
  const held: { id: string; approvalId: string; args: ReturnType<(typeof requests)[number]> }[] = [];
  for (let index = 0; index < HELD; index += 1) {
    const args = requests[index % requests.length]?.(index) ?? expect.fail();
    const { job, error, protocolError } = await callTool(caller, 'claude_request_async', args, { limits });
    expect({ error, protocolError }).toEqual({});
    held.push({ id: job?.id ?? '', approvalId: job?.hold?.approvalId ?? '', args });
  }
  const account = env.ACCOUNTS.getByName(caller.account);
  await expectWithin('Account', account);
  const list = await account.approvals(undefined, 100);
  expect(JSON.stringify(list).length * TEXT).toBeLessThan(MESSAGE_MAX);
  const listed = new Set<string>();
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const page = await callTool(caller, 'approval_list', { limit: 100, ...(cursor && { cursor }) });
    for (const { id } of page.approvals ?? []) listed.add(id);
    cursor = page.nextCursor;
  }
  expect(listed.size).toBe(HELD);

  const owner = await browserOf(caller);
  const page = await owner.go(`${ORIGIN}/approvals`);
  expect(page.status).toBe(200);
  expect(page.html.length).toBeLessThan(2_000_000);
  const next = /\/approvals\?before=\d+/.exec(page.html)?.[0];
  expect((await owner.go(`${ORIGIN}${next}`)).html).toContain(`/approvals/${held[0]?.approvalId}`);
  for (const { id, approvalId, args } of held.slice(0, requests.length)) {
    const stub = jobOf({ account: caller.account, id });
    await expectWithin('Job', stub);
    await runInDurableObject(stub, (_job, { storage }) => expect(new JobStore(storage).prompt() === args.prompt).toBe(true));
    const whole = await readWhole(owner, approvalId);
    const shown = args.prompt.replaceAll('\u0007', '\\u{7}');
    expect(whole.startsWith(shown)).toBe(true);
    const { prompt: _prompt, ...others } = args;
    expect(JSON.parse(whole.slice(shown.length) || '{}')).toEqual(others);
  }
}, 120_000);

test('forty of the largest policies are stored, read back, listed and shown', async () => {
  const caller = someone('jobs:read', 'jobs:run', 'admin');
  const account = env.ACCOUNTS.getByName(caller.account);
  const reason = '鎖'.repeat(490);
  const tools = Object.fromEntries(Array.from({ length: 490 }, (_, index) => [`tool_${index}`, { action: 'deny', reason }]));
  const written = JSON.stringify({ version: '1', default: 'allow', tools });
  expect(written.length).toBeGreaterThan(DOCUMENT_MAX_CHARS * 0.9);
  for (let index = 0; index < MANY; index += 1) {
    expect((await account.setPolicy(`token_${index}`, 'enforce', written, 'p')).ok).toBe(true);
    expect((await account.setPolicy('token_0', 'enforce', written, 'p')).ok).toBe(true);
  }
  expect((await account.setPolicy('token_0', 'shadow', written, 'p')).ok).toBe(true);
  await expectWithin('Account', account);
  const state = await account.policyState('token_0');
  expect(state.written === written && state.shadow === written).toBe(true);
  expect(state.changes).toHaveLength(MANY + 2);
  expect(JSON.stringify(state).length * TEXT).toBeLessThan(MESSAGE_MAX / 4);
  const found = await callTool(caller, 'policy_get', { target: 'token_0' });
  expect(found.policies?.[0]?.changes?.length).toBeGreaterThan(2);
});

test('forty API tokens with the longest names are stored within a row, and listed', async () => {
  const access = env.ACCESS.getByName(specOf([]).account);
  const name = '鎖'.repeat(80);
  for (let index = 0; index < MANY; index += 1)
    expect(
      (await access.createToken({ name, scopes: ['jobs:read', 'jobs:run', 'approvals:write', 'admin'], days: 3_650 }, 'a test'))
        .ok,
    ).toBe(true);
  expect((await access.tokens()).map((token) => token.name)).toEqual(Array.from({ length: MANY }, () => name));
  const columns = await runInDurableObject(access, (_access, { storage }) => largestIn(storage.sql));
  expect(columns.filter(({ bytes }) => bytes > 500)).toEqual([]);
});
