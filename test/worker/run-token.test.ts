import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { app } from '../../src/app.ts';
import { handleModelRequest } from '../../src/gate/gate.ts';
import { runToken } from '../../src/gate/run-token.ts';
import { specOf } from './helpers/jobs.ts';

const TOKEN = 'a-made-up-run-token';

test('a made-up token of a run is refused without asking for its job', async () => {
  const spec = specOf([], { provider: 'claude' });
  const forged = [
    `${spec.account}.${spec.id}.${TOKEN}`,
    (await runToken(env, spec, TOKEN)).replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
  ];
  for (const token of forged) {
    const headers = { 'x-api-key': token, 'content-type': 'application/json', host: '127.0.0.1' };
    const request = new Request('http://127.0.0.1/gate/claude/v1/messages', { method: 'POST', headers, body: '{}' });
    const jobs = new Proxy(env.JOBS, { get: () => () => expect.unreachable('a job was asked for') });
    expect((await handleModelRequest(request, { ...env, JOBS: jobs })).status).toBe(403);
  }
});

test('the gate is hidden where runs reach it by interception only', async () => {
  const headers = { host: 'gateway.test', 'x-api-key': await runToken(env, specOf([]), TOKEN) };
  const answer = await app.fetch(new Request('https://gateway.test/gate/claude/v1/messages', { headers }), {
    ...env,
    EXECUTOR_URL: '',
  });
  expect(answer.status).toBe(404);
});
