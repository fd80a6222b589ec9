import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import type { Caller } from '../../src/caller.ts';
import { answer } from './helpers/jobs.ts';
import { callTool, setPolicy, someone } from './helpers/post.ts';

const HELD = { version: '1', default: 'allow', tools: { claude_request_async: { action: 'require_approval' } } } as const;

/** A caller with four held jobs, four approvals and the audit rows of their requests. */
async function four() {
  const caller = someone('jobs:read', 'jobs:run', 'approvals:write', 'admin');
  await setPolicy(caller, HELD);
  for (const text of ['one', 'two', 'three', 'four'])
    await callTool(caller, 'claude_request_async', { prompt: JSON.stringify([answer(text)]) });
  return caller;
}

interface Listing {
  tool: string;
  args?: Record<string, unknown>;
  /** Damages the two rows in the middle: two whole pages. */
  damage: string;
  count: (page: Awaited<ReturnType<typeof callTool>>) => number;
}

/** The two rows in the middle: two whole pages. */
const MIDDLE = 'place IN (2, 3)';
const listings: Listing[] = [
  {
    tool: 'approval_list',
    damage: `UPDATE approval SET call = '{}' WHERE ${MIDDLE}`,
    count: ({ approvals = [] }) => approvals.length,
  },
  {
    tool: 'audit_list',
    args: { tool: 'claude_request_async' },
    // The row of the policy is the first.
    damage: `UPDATE audit SET facts = json_set(facts, '$.kind', 'molten') WHERE seq IN (3, 4)`,
    count: ({ audit }) => audit?.rows.length ?? 0,
  },
];

/** The number of entries in each page of a list, one entry a page. */
async function pagesOf({ tool, args, count }: Listing, caller: Caller): Promise<number[]> {
  const counts: number[] = [];
  for (let cursor: string | undefined, isFirst = true; isFirst || cursor !== undefined; isFirst = false) {
    const page = await callTool(caller, tool, { ...args, limit: 1, ...(cursor && { cursor }) });
    expect(page.ok, JSON.stringify(page.error)).toBe(true);
    counts.push(count(page));
    cursor = page.nextCursor;
  }
  return counts;
}

test.each(listings)('unreadable rows neither end $tool nor hide the page after them', async (listing) => {
  const caller = await four();
  expect((await pagesOf(listing, caller)).reduce((sum, n) => sum + n)).toBe(4);
  await runInDurableObject(env.ACCOUNTS.getByName(caller.account), (_account, { storage }) => {
    storage.sql.exec(listing.damage);
  });
  expect((await pagesOf(listing, caller)).filter((n) => n > 0)).toEqual([1, 1]);
});

test('entries of jobs in an unknown state end no list, because they are shown as failed', async () => {
  const jobs: Listing = {
    tool: 'llm_job_list',
    damage: `UPDATE entry SET state = 'molten' WHERE ${MIDDLE}`,
    count: ({ jobs: shown = [] }) => shown.length,
  };
  const caller = await four();
  await runInDurableObject(env.ACCOUNTS.getByName(caller.account), (_account, { storage }) => {
    storage.sql.exec(jobs.damage);
  });
  expect((await pagesOf(jobs, caller)).reduce((sum, n) => sum + n)).toBe(4);
});

test('audit_list goes on past unreadable rows when it is read forward', async () => {
  const caller = await four();
  await runInDurableObject(env.ACCOUNTS.getByName(caller.account), (_account, { storage }) => {
    storage.sql.exec(listings[1]?.damage ?? '');
  });
  const page = await callTool(caller, 'audit_list', { afterSeq: 2, limit: 1 });
  expect(page.audit?.rows).toMatchObject([{ seq: 5 }]);
  expect(page.nextAfterSeq).toBe(5);
});
