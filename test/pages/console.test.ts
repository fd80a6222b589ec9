import { text } from 'node:stream/consumers';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { hashPassphrase } from '../../src/auth/sign-in/passphrase.ts';
import type { JobView } from '../../src/job/record.ts';
import { useGateway } from '../helpers/gateway.ts';
import { type CallTool, connect, type McpClient } from '../helpers/mcp-client.ts';
import { hasChromium, launch, look, signIn } from './chromium.ts';

const PASSPHRASE = 'correct horse battery staple';
const ASKING = JSON.stringify({
  version: '1',
  default: 'allow',
  tools: { 'claude_*': { action: 'require_approval', reason: 'It spends money.' } },
});
const Made = z.object({ id: z.string(), token: z.string() });

if (!hasChromium()) console.warn('Chromium is not installed: the pages are not tested. apt-get install -y chromium');

/** Longer than a test needs to decide an approval. */
const APPROVAL_TIMEOUT_MS = '20000';

/** A gateway, a browser in which the owner is signed in, and a client with an API token. */
function useConsole() {
  const { gateway } = useGateway(async () => ({ OWNER_PASSPHRASE_HASH: await hashPassphrase(PASSPHRASE), APPROVAL_TIMEOUT_MS }));
  let browser: Browser;
  let page: Page;
  let client: McpClient;
  let target = '';
  const origin = () => new URL(gateway().url).origin;
  beforeAll(async () => {
    browser = await launch();
    page = await (await browser.newContext()).newPage();
    await page.goto(`${origin()}/policies`);
    await signIn(page, PASSPHRASE);
    await page.waitForURL(/policies/);
    const headers = { authorization: `Bearer ${gateway().settings.token}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ name: 'CI', scopes: ['jobs:read', 'jobs:run'], days: 1 });
    const made = Made.parse(await (await fetch(`${origin()}/api/tokens`, { method: 'POST', headers, body })).json());
    target = `token_${made.id}`;
    client = await connect(gateway().url, made.token);
  });
  afterAll(async () => {
    await client?.close();
    await browser?.close();
  });
  const open = async (path: string) => {
    await page.goto(`${origin()}${path}`);
    return page;
  };
  /** Watches a job until it has finished or `isWanted`. */
  const until = async (jobId: string, isWanted: (job: JobView) => boolean) => {
    for (let afterSeq = 0; ; ) {
      const { job, nextAfterSeq = 0 } = await client.call('llm_job_watch', { jobId, afterSeq, waitMs: 5_000, until: 'event' });
      if (job && (job.finishedAt !== undefined || isWanted(job))) return job;
      afterSeq = nextAfterSeq;
    }
  };
  const ended = (jobId: string) => until(jobId, () => false);
  /** Waits until a run needs approval for a step. */
  const asked = (jobId: string) => until(jobId, ({ asks = [] }) => asks.length > 0);
  const call: CallTool = (tool, args) => client.call(tool, args);
  /** Enters a document on the page of the token's policy. */
  const enforce = async (document: string) => {
    const policy = await open(`/policies/${target}`);
    await policy.getByLabel('JSON, version "1"').fill(document);
    await policy.getByRole('button', { name: 'Enforce' }).click();
    return policy;
  };
  return { call, open, ended, asked, enforce, target: () => target };
}

const holding = async ({ call }: Pick<ReturnType<typeof useConsole>, 'call'>, prompt: string) => {
  const { job } = await call('claude_request', { prompt, maxBudgetUsd: 0.5 });
  expect(job?.state).toBe('held');
  return job?.id ?? '';
};

describe.skipIf(!hasChromium())('in Chromium', () => {
  const site = useConsole();

  test('a policy is saved on its page, and a wrong one is refused with the place of the mistake and not lost', async () => {
    const page = await site.enforce(ASKING.replace('"1"', '"2"'));
    expect(await page.getByRole('alert').textContent()).toContain('version must be "1", got "2"');
    expect(await page.getByLabel('JSON, version "1"').inputValue()).toContain('"version":"2"');
    await look(page, 'policy-wrong');
    await site.enforce(ASKING);
    expect(await page.getByRole('status').textContent()).toContain('It applies from the next call.');
    expect(await page.getByText('Custom document.').first().isVisible()).toBe(true);
    await look(page, 'policy');
  });

  test('a key of the model service is stored without being shown, and a wrong one is refused', async () => {
    const page = await site.open('/credentials');
    await page.getByLabel('Value').fill('two words');
    await page.getByRole('button', { name: 'Store' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('no blanks');
    await page.getByLabel('Key', { exact: true }).selectOption('XAI_API_KEY');
    await page.getByLabel('Value').fill('xai-made-up-key');
    await page.getByRole('button', { name: 'Store' }).click();
    expect(await page.getByRole('listitem').filter({ hasText: 'XAI_API_KEY' }).isVisible()).toBe(true);
    expect(await page.content()).not.toContain('xai-made-up-key');
    await look(page, 'credentials');
    await page.getByRole('button', { name: 'Remove XAI_API_KEY' }).click();
    expect(await page.getByText('No keys.').isVisible()).toBe(true);
  });

  test('a held request is shown whole; approved on the page, it runs exactly as shown', async () => {
    const jobId = await holding(site, 'hello there');
    const page = await site.open('/approvals');
    const item = page.getByRole('listitem').filter({ hasText: jobId });
    for (const shown of ['hello there', '"maxBudgetUsd": 0.5', 'API token CI', 'It spends money.', '$0.50'])
      expect(await item.getByText(shown).first().isVisible(), shown).toBe(true);
    await item.getByRole('button', { name: 'Approve', exact: true }).click();
    expect(await page.getByRole('status').textContent()).toBe('Approved.');
    expect(await site.ended(jobId)).toMatchObject({ state: 'completed' });
  });

  test('a job that is denied with a comment fails with this comment', async () => {
    const jobId = await holding(site, 'something dear');
    const page = await site.open('/approvals');
    const item = page.getByRole('listitem').filter({ hasText: jobId });
    await item.getByLabel('Comment').fill('Ask me on Monday.');
    await item.getByRole('button', { name: 'Deny' }).click();
    expect(await page.getByRole('status').textContent()).toBe('Denied.');
    expect(await site.ended(jobId)).toMatchObject({
      reason: 'approval_denied',
      error: { message: expect.stringContaining('Ask me on Monday.') },
    });
    await look(page, 'approvals-decided');
  });

  test('an approval that nobody decides expires, is shown as expired, and a late decision is refused', async () => {
    const jobId = await holding(site, 'too late');
    const page = await site.open('/approvals');
    await look(page, 'approvals');
    expect(await site.ended(jobId)).toMatchObject({ state: 'failed', reason: 'approval_expired' });
    await page.getByRole('listitem').filter({ hasText: jobId }).getByRole('button', { name: 'Approve', exact: true }).click();
    expect(await page.getByRole('alert').textContent()).toContain('expired');
    expect(await page.getByText('Expired').first().isVisible()).toBe(true);
  });

  test('after similar calls are approved, the next one runs without an approval', async () => {
    const jobId = await holding(site, 'one of many');
    const page = await site.open('/approvals');
    await page.getByRole('listitem').filter({ hasText: jobId }).getByRole('button', { name: 'Approve similar calls' }).click();
    expect((await site.call('claude_request', { prompt: 'another of many' })).job?.state).toBe('completed');
  });

  test('a tool is hidden, a preset is selected, a call is tested, and the history lists the changes', async () => {
    const page = await site.open(`/policies/${site.target()}`);
    await page.getByLabel(/^list_models/).selectOption('hide');
    await page.getByRole('button', { name: 'Save tools' }).click();
    await expect(site.call('list_models', {})).rejects.toMatchObject({ code: -32602 });
    await page.getByRole('button', { name: 'Use careful' }).click();
    expect((await site.call('list_models', {})).ok).toBe(true);
    await page.getByLabel('Tool', { exact: true }).selectOption('grok_request');
    await page.getByLabel('Arguments as JSON').fill('{"alwaysApprove": true}');
    await page.getByRole('button', { name: 'Test this call' }).click();
    expect(await page.getByRole('status').textContent()).toMatch(/^Denied: .*alwaysApprove.*deny_if\[\d\]/s);
    await look(page, 'policy-tried');
    await look(await site.open('/policies'), 'policies');
    await site.open(`/policies/${site.target()}`);
    expect(await page.getByRole('listitem').filter({ hasText: 'by the owner' }).count()).toBe(3);
    await page.getByRole('button', { name: 'Remove policy' }).click();
    expect(await page.getByText('Gateway default.').isVisible()).toBe(true);
  });

  test('the audit page lists, filters, verifies the chain and exports every row', async () => {
    const page = await site.open('/audit?check=1');
    expect(await page.getByRole('status').textContent()).toContain('The chain is intact from the first row');
    await look(page, 'audit');
    await page.getByLabel('Kind').selectOption('approval');
    await page.getByRole('button', { name: 'Filter' }).click();
    const rows = page.locator('main details');
    expect(await rows.locator('strong').allTextContents()).toEqual(['approve alike', 'expire', 'deny', 'approve']);
    await rows.nth(1).locator('summary').click();
    await look(page, 'audit-row');
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Export as JSONL' }).click();
    const stream = await (await download).createReadStream();
    const lines = (await text(stream)).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).seq)).toEqual(lines.map((_, index) => index + 1));
  });

  test('a step of a run is shown with its input; denied or approved on the page, the run continues', async () => {
    await site.enforce(JSON.stringify({ version: '1', default: 'allow' }));
    for (const [button, tool, said] of [
      ['Deny', 'claude_request_async', /^Tool said: (?!gone)/],
      ['Approve', 'grok_request_async', /^Tool said: .*gone/s],
    ] as const) {
      const prompt = '[mock:tool rm -rf build && echo gone]';
      const { job } = await site.call(tool, { prompt, permissionMode: 'ask' });
      const jobId = job?.id ?? '';
      await site.asked(jobId);
      const page = await site.open('/approvals');
      const item = page.getByRole('listitem').filter({ hasText: jobId });
      expect(await item.getByRole('heading').textContent()).toMatch(/^A run wants to use \w+$/);
      expect(await item.locator('pre').textContent()).toContain('rm -rf build');
      await item.getByRole('button', { name: button, exact: true }).click();
      expect(await site.ended(jobId)).toMatchObject({ state: 'completed' });
      expect((await site.call('llm_job_result', { jobId })).answer?.text).toMatch(said);
    }
  });
});
