import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import type { JobSpec } from '../../src/job/record.ts';
import { answer, ended, jobOf, settled, specOf, submit } from './helpers/jobs.ts';

const stay = [{ write: 'up\n' }, { stay: true }];
const accountOf = ({ account }: { account: string }) => env.ACCOUNTS.getByName(account);
const inAccount = (account: string, steps: Parameters<typeof specOf>[0], change = {}) => specOf(steps, { account, ...change });

test('an identical request finds its unfinished job, and makes a new one afterwards', async () => {
  const requestKey = crypto.randomUUID();
  const first = specOf(stay);
  const again = inAccount(first.account, stay);
  await submit(first, { requestKey });
  expect(await submit(again, { requestKey })).toMatchObject({ value: { deduplicated: true, job: { id: first.id } } });
  expect(await submit(inAccount(first.account, [answer('x')]), { requestKey, forceRefresh: true })).toMatchObject({
    value: { deduplicated: false },
  });
  await jobOf(first).cancel();
  await ended(first);
  const later = inAccount(first.account, [answer('later')]);
  expect(await submit(later, { requestKey, forceRefresh: true })).toMatchObject({
    value: { deduplicated: false, job: { id: later.id } },
  });
  await ended(later);
  expect(await submit(inAccount(first.account, []), { requestKey, reuseCompleted: true })).toMatchObject({
    value: { deduplicated: true },
  });
});

test('an idempotency key returns its job, also a finished one, and refuses other arguments', async () => {
  const requestKey = crypto.randomUUID();
  const spec = specOf([answer('once')]);
  await submit(spec, { requestKey, idempotencyKey: 'k' });
  await ended(spec);
  expect(await submit(inAccount(spec.account, []), { requestKey, idempotencyKey: 'k' })).toMatchObject({
    value: { deduplicated: true, job: { id: spec.id } },
  });
  expect(await submit(inAccount(spec.account, []), { idempotencyKey: 'k' })).toMatchObject({
    failure: { code: 'idempotency_conflict', jobId: spec.id },
  });
});

test('jobs over the limit wait in order, state their place, and run as slots come free', async () => {
  const { account } = specOf([]);
  const running = Array.from({ length: 8 }, () => inAccount(account, stay));
  await Promise.all(running.map((spec) => submit(spec)));
  const waiting = [inAccount(account, [answer('a')]), inAccount(account, [answer('b')])];
  for (const [i, spec] of waiting.entries())
    expect(await submit(spec)).toMatchObject({ value: { job: { state: 'queued', queuePlace: i + 1 } } });
  expect(await accountOf({ account }).health()).toEqual({ running: 8, queued: 2, held: 0 });
  await Promise.all(running.map((spec) => jobOf(spec).cancel()));
  for (const spec of waiting) expect(await ended(spec)).toMatchObject({ state: 'completed' });
  await Promise.all(running.map(ended));
});

test('a canceled job that waits frees its place at once, and is never run', async () => {
  const { account } = specOf([]);
  const id = crypto.randomUUID();
  const running = inAccount(account, stay, { session: { mode: 'new', id } });
  await submit(running);
  const waiting = inAccount(account, [answer('never')], { session: { mode: 'resume', id } });
  expect(await submit(waiting)).toMatchObject({ value: { job: { state: 'queued', queuePlace: 1 } } });
  expect(await jobOf(waiting).cancel()).toMatchObject({ job: { state: 'canceled', lastSeq: 0 } });
  await runDurableObjectAlarm(jobOf(waiting));
  expect(await accountOf({ account }).health()).toEqual({ running: 1, queued: 0, held: 0 });
  await jobOf(running).cancel();
  await ended(running);
});

test('an unknown session, or one of another provider or account, is not continued, and nothing is stored', async () => {
  const spec = specOf([answer('x')]);
  await submit(spec);
  await ended(spec);
  const id = 'id' in spec.session ? spec.session.id : '';
  const resume = { mode: 'resume', id } as const;
  const refused = [
    inAccount(spec.account, [], { session: { mode: 'resume', id: crypto.randomUUID() } }),
    inAccount(spec.account, [], { session: resume, provider: 'grok' }),
    specOf([], { session: resume }),
  ];
  for (const one of refused) expect(await submit(one)).toMatchObject({ failure: { code: 'session_not_found' } });
  expect(await submit(inAccount(spec.account, [], { session: { mode: 'new', id } }))).toMatchObject({
    failure: { code: 'session_exists' },
  });
  for (const one of refused) expect(await jobOf(one).status(0, 1)).toBeNull();
  expect(await submit(inAccount(spec.account, [answer('y')], { session: resume }))).toMatchObject({ ok: true });
});

test('a session is continued, and forked, in the workspace that it began in, if a request names none', async () => {
  const first = specOf([answer('x')], { workspace: 'alpha' });
  await submit(first);
  await ended(first);
  const id = 'id' in first.session ? first.session.id : '';
  const copy = crypto.randomUUID();
  const sessions: JobSpec['session'][] = [
    { mode: 'resume', id },
    { mode: 'fork', id: copy, from: id },
    { mode: 'resume', id: copy },
  ];
  for (const session of sessions) {
    const next = inAccount(first.account, [answer('y')], { session });
    expect(await submit(next)).toMatchObject({ value: { job: { workspace: 'alpha' } } });
    expect(await ended(next)).toMatchObject({ state: 'completed', workspace: 'alpha' });
  }
});

test.each([
  ['one of a workspace', 'alpha', 'works in workspace alpha:'],
  ['one without', undefined, 'works in a directory of its own:'],
])('a session is neither continued nor forked into another workspace: %s', async (_name, workspace, place) => {
  const first = specOf([answer('x')], { workspace });
  await submit(first);
  await ended(first);
  const id = 'id' in first.session ? first.session.id : '';
  const sessions: JobSpec['session'][] = [
    { mode: 'resume', id },
    { mode: 'fork', id: crypto.randomUUID(), from: id },
  ];
  for (const session of sessions)
    expect(await submit(inAccount(first.account, [], { session, workspace: 'beta' }))).toMatchObject({
      failure: { code: 'invalid_input', issues: [expect.stringContaining(`${id} ${place}`)] },
    });
});

test('a full queue refuses at once and states when to retry', async () => {
  const { account } = specOf([]);
  await runInDurableObject(accountOf({ account }), async (_account, state) => {
    for (let place = 0; place < 72; place += 1)
      state.storage.sql.exec(
        `INSERT INTO entry (id, account, provider, state, request_key, label, created_at) VALUES (?, ?, 'claude', ?, ?, '', ?)`,
        ...[`j${place}`, account, place < 8 ? 'running' : 'queued', `k${place}`, Date.now()],
      );
  });
  expect(await submit(inAccount(account, []))).toMatchObject({
    failure: { code: 'saturated', queued: 64, max: 64, retryAfterMs: expect.any(Number) },
  });
});

test('the alarm removes an entry whose job was never created, and frees a slot whose job is over', async () => {
  const spec = specOf([answer('x')]);
  await submit(spec);
  await ended(spec);
  await runInDurableObject(accountOf(spec), async (_account, state) => {
    state.storage.sql.exec(`UPDATE entry SET state = 'running', finished_at = NULL`);
    state.storage.sql.exec(
      `INSERT INTO entry (id, account, provider, state, request_key, label, created_at) VALUES ('ghost', ?, 'claude', 'running', 'k', '', 1)`,
      spec.account,
    );
    await state.storage.setAlarm(Date.now() + 60_000);
  });
  await evictDurableObject(accountOf(spec));
  await runDurableObjectAlarm(accountOf(spec));
  expect(await accountOf(spec).health()).toEqual({ running: 0, queued: 0, held: 0 });
  expect((await accountOf(spec).list({ limit: 10 })).map(({ id, state }) => [id, state])).toEqual([[spec.id, 'completed']]);
});

test('the alarm repeats a turn that did not reach its job', async () => {
  const spec = specOf([answer('x')]);
  await jobOf(spec).create(spec, 'a-made-up-run-token', false);
  await runInDurableObject(accountOf(spec), async (_account, state) => {
    state.storage.sql.exec(
      `INSERT INTO entry (id, account, provider, state, request_key, label, created_at) VALUES (?, ?, 'scripted', 'running', 'k', '', ?)`,
      ...[spec.id, spec.account, Date.now()],
    );
    await state.storage.setAlarm(Date.now() + 60_000);
  });
  await runDurableObjectAlarm(accountOf(spec));
  expect(await ended(spec)).toMatchObject({ state: 'completed' });
});

test('a request that is repeated after its account was interrupted creates the missing job, once', async () => {
  const spec = specOf([answer('made')]);
  const requestKey = crypto.randomUUID();
  await runInDurableObject(accountOf(spec), async (_account, state) => {
    state.storage.sql.exec(
      `INSERT INTO entry (id, account, provider, state, request_key, idempotency_key, label, created_at) VALUES ('cut', ?, 'scripted', 'running', ?, 'k', '', ?)`,
      ...[spec.account, requestKey, Date.now()],
    );
  });
  const again = () => submit(inAccount(spec.account, [answer('made')]), { requestKey, idempotencyKey: 'k' });
  expect(await again()).toMatchObject({ value: { deduplicated: false, job: { id: 'cut' } } });
  expect(await again()).toMatchObject({ value: { deduplicated: true, job: { id: 'cut' } } });
  expect(await ended({ ...spec, id: 'cut' })).toMatchObject({ state: 'completed' });
});

test('a job that is created after its account was interrupted works in the workspace of its session', async () => {
  const first = specOf([answer('x')], { workspace: 'alpha' });
  await submit(first);
  await ended(first);
  const id = 'id' in first.session ? first.session.id : '';
  const next = () => inAccount(first.account, [answer('made')], { session: { mode: 'resume', id } });
  const requestKey = crypto.randomUUID();
  const cut = next();
  await runInDurableObject(accountOf(first), async (_account, state) => {
    state.storage.sql.exec(
      `INSERT INTO entry (id, account, provider, state, session, request_key, label, created_at) VALUES (?, ?, 'scripted', 'running', ?, ?, '', ?)`,
      ...[cut.id, first.account, id, requestKey, Date.now()],
    );
  });
  expect(await submit(next(), { requestKey })).toMatchObject({ value: { job: { id: cut.id, workspace: 'alpha' } } });
  expect(await ended(cut)).toMatchObject({ state: 'completed' });
});

test('a repeated release frees one slot', async () => {
  const spec = specOf(stay);
  await submit(spec);
  await accountOf(spec).release(spec.id, settled);
  await accountOf(spec).release(spec.id, { ...settled, state: 'failed' });
  expect(await accountOf(spec).list({ limit: 10 })).toMatchObject([{ state: 'completed' }]);
  await jobOf(spec).cancel();
  await ended(spec);
});

test('a list shows own jobs, newest first, page by page and filtered', async () => {
  const { account } = specOf([]);
  const ids: string[] = [];
  for (const text of ['a', 'b', 'c']) {
    const spec = inAccount(account, [answer(text)]);
    await submit(spec);
    await ended(spec);
    ids.unshift(spec.id);
  }
  const first = await accountOf({ account }).list({ limit: 2 });
  const rest = await accountOf({ account }).list({ limit: 2, before: first.at(-1)?.place });
  expect([...first, ...rest].map(({ id }) => id)).toEqual(ids);
  expect(await accountOf({ account }).list({ limit: 9, state: 'failed' })).toEqual([]);
  expect(await accountOf({ account }).list({ limit: 9, provider: 'grok' })).toEqual([]);
  expect(await env.ACCOUNTS.getByName('somebody-else').list({ limit: 9 })).toEqual([]);
});

test('an unreadable entry and an unreadable event hide no other', async () => {
  const first = specOf([answer('one')]);
  const second = inAccount(first.account, [answer('two')]);
  for (const spec of [first, second]) {
    await submit(spec);
    await ended(spec);
  }
  await expect
    .poll(async () => (await accountOf(first).list({ limit: 10 })).map(({ state }) => state))
    .toEqual(['completed', 'completed']);
  await runInDurableObject(accountOf(first), (_account, { storage }) => {
    storage.sql.exec("UPDATE entry SET state = 'molten', cost_usd = 9e999 WHERE id = ?", first.id);
  });
  const listed = await accountOf(first).list({ limit: 10 });
  expect(listed.map(({ id }) => id)).toEqual([second.id, first.id]);
  await runInDurableObject(jobOf(first), (_job, { storage }) => {
    storage.sql.exec(`UPDATE event SET data = '{"kind":"molten"}' WHERE seq = 1`);
  });
  const status = await jobOf(first).status(0, 10);
  const kinds = status?.ok ? status.value.events.map(({ kind }) => kind) : [];
  expect([kinds[0], kinds.at(-1)]).toEqual(['output', 'exit']);
});
