import { env } from 'cloudflare:workers';
import { beforeEach, expect, test } from 'vitest';
import { OWNER } from '../../src/caller.ts';
import type { PolicyInput } from '../../src/policy/document.ts';
import { KNOWN_TOOLS } from '../../src/policy/tools.ts';
import { gatewayWith, ORIGIN, ownerBrowser, withPassphrase } from './helpers/gateway.ts';

const TARGET = 'default';
const account = () => env.ACCOUNTS.getByName(OWNER);
const allAre = (state: string) => Object.fromEntries(KNOWN_TOOLS.map(({ name }) => [name, state]));

let owner: Awaited<ReturnType<typeof ownerBrowser>>;
beforeEach(async () => {
  owner = await ownerBrowser(gatewayWith(await withPassphrase()));
});

/** Saves the states of tools for a document. Returns the page and the stored policy. */
async function save(document: PolicyInput, states: Record<string, string>) {
  await account().setPolicy(TARGET, 'enforce', JSON.stringify(document), 'a test');
  const page = await owner.go(`${ORIGIN}/policies/${TARGET}`);
  const { status, html } = await owner.submit(page, `/policies/${TARGET}/tools`, states);
  const { written } = await account().policyState(TARGET);
  return { status, html, written: JSON.parse(written) as unknown };
}

test('a tool that keeps its state keeps its rule and reason, and an unlisted one stays unlisted', async () => {
  const document: PolicyInput = {
    version: '1',
    default: 'deny',
    tools: { llm_job_list: {}, claude_request: { action: 'deny', reason: 'Ask the owner.' } },
  };
  const { status, written } = await save(document, { ...allAre('deny'), llm_job_list: 'allow', list_models: 'allow' });
  expect({ status, written }).toEqual({
    status: 200,
    written: { ...document, hide: [], tools: { ...document.tools, list_models: {} } },
  });
});

test('a tool that is hidden by a prefix cannot be allowed alone, and the page says so', async () => {
  const document: PolicyInput = { version: '1', default: 'allow', hide: ['policy_*'] };
  const hidden = { policy_get: 'hide', policy_set: 'hide', policy_test: 'hide' };
  const { status, html, written } = await save(document, { ...allAre('allow'), ...hidden, policy_get: 'allow' });
  expect({ status, written }).toEqual({ status: 400, written: document });
  expect(html).toContain('policy_get: a prefix in the hide list covers it.');
});

test('a call to test whose arguments are not valid JSON is kept on the page, with what to write instead', async () => {
  const page = await owner.go(`${ORIGIN}/policies/${TARGET}`);
  const { status, html } = await owner.submit(page, `/policies/${TARGET}/try`, { tool: 'list_models', args: '{provider' });
  expect(status).toBe(400);
  expect(html).toContain('The arguments are not a valid JSON object.');
  expect(html).toContain('>{provider</textarea>');
  expect(html).toContain('<option selected>list_models</option>');
});
