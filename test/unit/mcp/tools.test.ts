import { expect, test } from 'vitest';
import { type Limits, readConfig } from '../../../src/config.ts';
import { listingOf } from '../../../src/mcp/tool.ts';
import { toolsFor } from '../../../src/mcp/tools/index.ts';
import { KNOWN_TOOLS } from '../../../src/policy/tools.ts';

const { limits } = readConfig({});
const listed = (changed: Partial<Limits>) => JSON.stringify([...toolsFor({ ...limits, ...changed }).values()].map(listingOf));
const argument = (tool: string, name: string, changed: Partial<Limits>) => {
  const { inputSchema } = listingOf(toolsFor({ ...limits, ...changed }).get(tool) ?? expect.fail(`${tool} is missing`));
  return JSON.parse(JSON.stringify(inputSchema)).properties[name];
};

test('every tool that policies know is declared, in the same order', () => {
  expect([...toolsFor(limits).keys()]).toEqual(KNOWN_TOOLS.map(({ name }) => name));
});

const stated: [setting: keyof Limits, tool: string, argument: string, was: object, value: number, is: object][] = [
  ['syncDeadlineMs', 'claude_request', 'syncDeadlineMs', said(/default 45000\)/), 10_001, said(/default 10001\)/)],
  ['idempotencyHours', 'grok_request_async', 'idempotencyKey', said(/for 24 h/), 3, said(/for 3 h/)],
  ['eventPageSize', 'llm_job_status', 'limit', { default: 200 }, 77, { default: 77, maximum: 1_000 }],
  ['watchMs', 'llm_job_watch', 'waitMs', { default: 50_000 }, 1_234, { default: 1_234 }],
  ['watchMaxMs', 'llm_job_watch', 'waitMs', { maximum: 50_000 }, 200_000, { maximum: 200_000, default: 50_000 }],
  ['watchMaxMs', 'llm_job_watch', 'waitMs', { maximum: 50_000 }, 5_000, { maximum: 5_000, default: 5_000 }],
  ['resultPageChars', 'llm_job_result', 'maxChars', { default: 60_000 }, 4_321, { default: 4_321 }],
  ['resultPageMaxChars', 'llm_job_result', 'maxChars', { maximum: 120_000 }, 900_000, { maximum: 900_000 }],
  ['resultPageMaxChars', 'llm_job_result', 'maxChars', { default: 60_000 }, 500, { maximum: 500, default: 500 }],
];

function said(description: RegExp) {
  return { description: expect.stringMatching(description) };
}

test.each(stated)('with another %s, %s states it for %s', (setting, tool, name, was, value, is) => {
  expect(argument(tool, name, {})).toMatchObject(was);
  expect(argument(tool, name, { [setting]: value })).toMatchObject(is);
});

test('no number of a setting is left in the list of tools once the setting is another', () => {
  const changed = {
    ...{ syncDeadlineMs: 10_001, idempotencyHours: 3, retentionDays: 7, eventPageSize: 77 },
    ...{ watchMs: 1_234, watchMaxMs: 5_678, resultPageChars: 4_321, resultPageMaxChars: 9_999 },
  };
  expect(listed({})).toMatch(/45000.*24 h.*200.*60000.*30 days/);
  expect(listed(changed)).not.toMatch(/\b(45000|24 h|30 days|200|60000|30000|50000|120000)\b/);
  expect(listed(changed)).toMatch(/removed automatically 7 days/);
});

const taken: [tool: string, args: Record<string, unknown>, changed: Partial<Limits>][] = [
  ['llm_job_watch', { jobId: 'j', waitMs: 200_000 }, { watchMaxMs: 200_000 }],
  ['llm_job_result', { jobId: 'j', maxChars: 900_000 }, { resultPageMaxChars: 900_000 }],
];

test.each(taken)('%s accepts %j once its limit allows it, and refuses it before', (tool, args, changed) => {
  expect(toolsFor(limits).get(tool)?.read(args).ok).toBe(false);
  expect(
    toolsFor({ ...limits, ...changed })
      .get(tool)
      ?.read(args).ok,
  ).toBe(true);
});

const bounds = [
  ['idleTimeoutMs', 1_000, 3_600_000],
  ['runTimeoutMs', 1_000, 86_400_000],
  ['syncDeadlineMs', 0, 280_000],
] as const;

test.each(bounds)('%s of a request has the bounds of the setting', (name, minimum, maximum) => {
  expect(argument('claude_request', name, {})).toMatchObject({ minimum, maximum });
});
