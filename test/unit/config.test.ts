import { expect, test } from 'vitest';
import { readConfig, runShares, SETTINGS } from '../../src/config.ts';

test('an empty environment gives the documented defaults', () => {
  const { limits } = readConfig({});
  expect(limits).toMatchObject({
    syncDeadlineMs: 45_000,
    progressIntervalMs: 10_000,
    promptMaxBytes: 1_048_576,
    idleTimeoutMs: 600_000,
    runTimeoutMs: 3_600_000,
    outputCapBytes: 52_428_800,
    runningPerAccount: 8,
    queuedPerAccount: 64,
    queueTimeoutMs: 600_000,
    retentionDays: 30,
    resultPageChars: 60_000,
    resultPageMaxChars: 120_000,
    eventPageSize: 200,
  });
});

test('every limit is set by the variable of its name', () => {
  const name = (limit: string) => limit.replace(/[A-Z]/g, (capital) => `_${capital}`).toUpperCase();
  for (const [limit, value] of Object.entries(readConfig({}).limits)) {
    const other = value < 1 ? value + 1 : value - 1;
    const changed = readConfig({ [name(limit)]: String(other) }).limits;
    expect(Object.entries(changed)).toContainEqual([limit, other]);
  }
});

test.each(SETTINGS.map((setting) => [setting.env, setting] as const))('%s describes itself', (env, setting) => {
  const { name, description, unit, min, max, isSecret } = setting;
  expect(description).toMatch(/^\S.*\.$/);
  expect(isSecret).toBe(/(_TOKEN|_KEY|_SECRET|_HASH)(_PREVIOUS)?$/.test(env));
  if (min === undefined) return;
  expect(Object.keys(readConfig({}).limits)).toContain(name);
  expect(unit === undefined).toBe(!/_(MS|S|HOURS|DAYS|BYTES|CHARS|TOKENS|USD)$/.test(env));
  for (const beyond of [min - 1, (max ?? 0) + 1]) expect(() => readConfig({ [env]: String(beyond) })).toThrow(env);
});

const wrong = [
  ['SYNC_DEADLINE_MS', '-1'],
  ['SYNC_DEADLINE_MS', '280001'],
  ['RETENTION_DAYS', 'a month'],
  ['GATEWAY_TOKEN', 'too-short'],
  ['EXECUTOR_URL', 'not a url'],
  ['APPROVAL_WEBHOOK_URL', 'http://hooks.example.com/'],
  ['APPROVAL_WEBHOOK_URL', 'https://10.0.0.1/'],
  ['APPROVAL_WEBHOOK_SECRET', 'whsec_short'],
  ['DEFAULT_POLICY', 'strict'],
] as const;

test.each(wrong)('%s = %s is refused by name, without its value', (variable, value) => {
  expect(() => readConfig({ [variable]: value })).toThrow(variable);
  expect(() => readConfig({ [variable]: value })).not.toThrow(value);
});

test('a container receives the limits of a run that are set, and keeps the others of its executor', () => {
  expect(runShares(readConfig({}))).toEqual({});
  const set = { EXECUTOR_RUN_PROCESSES: '64', EXECUTOR_RUN_DISK_BYTES: '1000000' };
  expect(runShares(readConfig({ ...set, GATEWAY_TOKEN: 'a-made-up-gateway-token' }))).toEqual(set);
  for (const wrong of ['0', '-1', '1e9'])
    expect(() => readConfig({ EXECUTOR_RUN_MEMORY_BYTES: wrong })).toThrow('EXECUTOR_RUN_MEMORY_BYTES');
});
