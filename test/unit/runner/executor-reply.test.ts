import { expect, test } from 'vitest';
import { z } from 'zod';
import { EXECUTOR_ERRORS, PROTOCOL_VERSION } from '../../../container/protocol.ts';
import { adviceFor, faultOf, readReply } from '../../../src/runner/executor-reply.ts';

const Value = z.object({ over: z.boolean() });
const read = (status: number, body: string) => readReply(status, body, (text) => Value.parse(JSON.parse(text)));
const refusal = (code: string, message: string) => JSON.stringify({ code, message });

interface Case {
  status: number;
  body: string;
  kind: 'refused' | 'unanswered';
  code: string;
  retryable: boolean;
  message: string;
  advice: string;
}

const HTML = '<html><h1>Bad gateway</h1></html>';
const TOKEN = 'The operator has to set EXECUTOR_TOKEN to the same value for the gateway and the executor.';
const DEPLOY = 'The operator has to deploy Worker and executor of the same version.';
const ADDRESS = 'The operator has to check EXECUTOR_URL, or the container in the dashboard.';
const BEHIND = 'The operator has to check that the executor runs behind that server.';
const NO_TOKEN = 'The executor does not accept the token of the gateway.';
const ELSE = 'The address of the executor is answered by something else.';
const FRONT = 'A server in front of the executor failed.';

const row = (
  status: number,
  body: string,
  kind: Case['kind'],
  code: string,
  retryable: boolean,
  message: string,
  advice: string,
): Case => ({ status, body, kind, code, retryable, message, advice });

const CASES: Record<string, Case> = {
  'a wrong token': row(
    401,
    refusal('unauthorized', 'Send it as "authorization".'),
    'refused',
    'unauthorized',
    true,
    NO_TOKEN,
    TOKEN,
  ),
  '401 without a reason': row(401, '', 'unanswered', 'unauthorized', true, `${NO_TOKEN} It returned HTTP 401.`, TOKEN),
  'a proxy that refuses': row(
    ...([403, HTML, 'unanswered', 'executor_forbidden', false] as const),
    'A server in front of the executor refuses the gateway. It returned HTTP 403.',
    'The operator has to allow the gateway there.',
  ),
  'a server that knows no such path': row(
    404,
    HTML,
    'unanswered',
    'not_an_executor',
    false,
    `${ELSE} It returned HTTP 404.`,
    ADDRESS,
  ),
  'a run that is unknown': row(
    404,
    refusal('run_not_found', 'Unknown run.'),
    'refused',
    'run_not_found',
    false,
    'Unknown run.',
    '',
  ),
  'another server with a conflict': row(
    409,
    'no',
    'unanswered',
    'not_an_executor',
    false,
    `${ELSE} It returned HTTP 409.`,
    ADDRESS,
  ),
  'a session in use': row(409, refusal('session_busy', 'In use. Wait.'), 'refused', 'session_busy', true, 'In use. Wait.', ''),
  'a proxy with a limit of size': row(
    ...([413, HTML, 'unanswered', 'too_large', false] as const),
    'The request is too large for the executor. It returned HTTP 413.',
    'Send a shorter prompt.',
  ),
  'a proxy with a limit of rate': row(
    429,
    HTML,
    'unanswered',
    'executor_proxy_error',
    true,
    `${FRONT} It returned HTTP 429.`,
    BEHIND,
  ),
  'an executor that is full': row(
    ...([429, refusal('at_capacity', 'Full.'), 'refused', 'at_capacity', true, 'Full.'] as const),
    'Try again when fewer jobs run.',
  ),
  'a failure of a proxy': row(502, HTML, 'unanswered', 'executor_proxy_error', true, `${FRONT} It returned HTTP 502.`, BEHIND),
  'a failure in JSON of a proxy': row(
    503,
    '{"error":1}',
    'unanswered',
    'executor_proxy_error',
    true,
    `${FRONT} It returned HTTP 503.`,
    BEHIND,
  ),
  'a page of HTML': row(
    200,
    HTML,
    'unanswered',
    'not_an_executor',
    false,
    `${ELSE} It returned a page of HTML (HTTP 200).`,
    ADDRESS,
  ),
  'a text': row(200, 'hello', 'unanswered', 'not_an_executor', false, `${ELSE} It returned no JSON (HTTP 200).`, ADDRESS),
  nothing: row(200, '', 'unanswered', 'not_an_executor', false, `${ELSE} It returned an empty answer (HTTP 200).`, ADDRESS),
  'JSON of another form': row(
    ...([200, '{"over":"maybe"}', 'unanswered', 'protocol_mismatch', false] as const),
    `The executor uses a protocol of an unknown version, the gateway uses ${PROTOCOL_VERSION}: its answers cannot be read.`,
    DEPLOY,
  ),
  'an unknown refusal of a newer executor': row(
    422,
    refusal('too_odd', 'Too odd.'),
    'refused',
    'too_odd',
    false,
    'Too odd.',
    DEPLOY,
  ),
  'an unknown refusal that may pass': row(
    503,
    refusal('rebooting', 'Rebooting.'),
    'refused',
    'rebooting',
    true,
    'Rebooting.',
    DEPLOY,
  ),
};

test.each(Object.entries(CASES))('%s has one code, one cause and one advice', (_what, { status, body, kind, ...error }) => {
  expect(read(status, body)).toEqual({ kind, error });
});

test('an answer that fits is a value', () => {
  expect(read(202, '{"over":true}')).toEqual({ kind: 'ok', value: { over: true } });
});

test('every refusal of the executor is in the table, and each row says what happened or leaves it to the executor', () => {
  for (const code of Object.keys(EXECUTOR_ERRORS)) expect(adviceFor(code), code).toBeDefined();
  for (const code of [
    'executor_unreachable',
    'executor_silent',
    'executor_proxy_error',
    'executor_forbidden',
    'not_an_executor',
  ] as const)
    expect(faultOf(code)).toMatchObject({
      message: expect.stringMatching(/\.$/),
      advice: expect.stringMatching(/^The operator has to .*\.$/),
    });
});
