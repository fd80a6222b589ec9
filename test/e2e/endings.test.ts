import { expect, test } from 'vitest';
import { useSharedGateway } from '../helpers/shared-gateway.ts';

const { call } = useSharedGateway();

const providers = ['claude', 'grok'] as const;
const MAY_RUN = { permissionMode: 'bypassPermissions', syncDeadlineMs: 90_000 };
const both = (prompt: string, outcome: object, options: object = {}): [string, string, object, object][] =>
  providers.map((provider) => [provider, prompt, options, outcome]);

const failed = (code: string, message = '', retryable = false) => ({
  job: { state: 'failed', reason: code },
  error: { code, retryable, message: expect.stringContaining(message) },
});
const CUT = { answer: { source: 'partial', text: expect.stringContaining('This answer was cut') } };
const BEFORE_TOOL = { text: expect.stringContaining('I will run a command.') };

test.concurrent.each([
  [
    'claude',
    '[mock:act echo hi]',
    {},
    { job: { state: 'completed' }, answer: { source: 'answer', text: 'I will run a command.' } },
  ],
  // Grok reports an empty last message as its failure.
  [
    'grok',
    '[mock:act echo hi]',
    {},
    { ...failed('empty_answer', 'continue with the session'), answer: { source: 'partial', text: 'I will run a command.' } },
  ],
  ...both('[mock:loop echo hi]', { ...failed('max_turns', 'maxTurns'), answer: BEFORE_TOOL }, { maxTurns: 2 }),
  ...both('[mock:max-tokens]', { ...failed('max_tokens', 'shorter answer'), ...CUT }),
  ...both('[mock:refuse]', failed('refused')),
  ...both('[mock:muse]', failed('empty_answer', '', true)),
  ...both('[mock:error 413]', failed('prompt_too_long', '413')),
  ...both('[mock:error 400]', failed('api_rejected', 'mock error 400')),
  ['grok', 'hi', { model: 'nope-model' }, failed('model_not_found', 'unknown model id')],
  ['claude', '[mock:error 404]', { model: 'nope-model' }, failed('model_not_found', 'nope-model')],
  ['claude', 'hi', { jsonSchema: { type: 'nonsense' } }, failed('invalid_input', 'not a valid JSON Schema')],
  ['grok', 'hi', { jsonSchema: { type: 'nonsense' } }, failed('invalid_input', 'invalid output schema')],
  ['claude', 'hi', { agent: 'nope' }, failed('invalid_input', "--agent 'nope' not found")],
])('%s ends %j with %j as it should', async (provider, prompt, options, outcome) => {
  const found = await call(`${provider}_request`, { prompt, ...MAY_RUN, ...options });
  expect(found).toMatchObject(outcome);
  expect(found.error?.message ?? '').not.toMatch(/\(success\)|\/(?:home|tmp|srv|accounts)\//);
  const { answer } = await call('llm_job_result', { jobId: found.job?.id });
  expect(answer).toEqual(found.answer);
});

test.concurrent.each(providers)('a limit of the model service reaches the caller of %s with its own time', async (provider) => {
  const prompt = '[mock:limit x-ratelimit-reset-requests 2h]';
  const { error } = await call(`${provider}_request`, { prompt, ...MAY_RUN });
  expect(error).toMatchObject({ code: 'rate_limited', retryable: true, message: expect.stringMatching(/T\S+Z \(UTC\)/) });
  expect(error?.retryAfterMs).toBeGreaterThan(7_080_000);
  expect(error?.retryAfterMs).toBeLessThanOrEqual(7_200_000);
});
