import { expect, test } from 'vitest';
import { z } from 'zod';
import type { ParsedLine } from '../../../container/providers/provider.ts';
import { dialogueOf, hearSample, SOURCE } from './transcripts.ts';

const Said = z.object({ method: z.string(), params: z.record(z.string(), z.unknown()) });

/** The requests that were made of Grok in a recorded dialogue. */
function requests(name: string) {
  const { opening, heard } = hearSample('grok', name);
  return [...opening, ...heard.flatMap(({ reply }) => reply ?? [])].map((line) => Said.parse(JSON.parse(line)));
}

const conversations: [string, string[]][] = [
  ['ask-allow', ['initialize', 'session/new', 'session/prompt']],
  ['ask-fork', ['initialize', '_x.ai/session/fork', 'session/resume', 'session/prompt']],
  ['ask-resume', ['initialize', 'session/resume', 'session/set_config_option', 'session/set_config_option', 'session/prompt']],
  ['ask-unknown', ['initialize', 'session/resume']],
  ['ask-bad-model', ['initialize', 'session/new', 'session/set_config_option']],
];

test.each(conversations)('%s of Grok is the requests %j', (name, methods) => {
  expect(requests(name).map(({ method }) => method)).toEqual(methods);
});

test('a conversation of Grok is resumed and copied in the directory of the run', () => {
  const paramsOf = (name: string, wanted: string) => requests(name).find(({ method }) => method === wanted)?.params;
  expect(paramsOf('ask-resume', 'session/resume')).toMatchObject({ cwd: '/srv/rec/copy' });
  expect(paramsOf('ask-fork', '_x.ai/session/fork')).toMatchObject({
    sourceSessionId: SOURCE,
    sourceCwd: '/srv/rec/copy',
    newCwd: '/srv/rec/copy',
  });
  expect(paramsOf('ask-fork', 'session/resume')).toMatchObject({ cwd: '/srv/rec/copy' });
});

const requestOf = (id: string) => hearSample(id, 'ask-allow').heard.find(({ request }) => request !== undefined)?.request;

test('Claude is answered with the very input that was shown', () => {
  const request = requestOf('claude');
  const answer = (allowed: boolean) => JSON.parse(request?.answer(allowed, 'Use the trash.') ?? '');
  const input = { command: 'rm notes.txt', description: 'mock command' };
  expect(request).toMatchObject({ tool: 'Bash', input: JSON.stringify(input) });
  expect(answer(true).response).toEqual({
    subtype: 'success',
    request_id: request?.id,
    response: { behavior: 'allow', updatedInput: input },
  });
  expect(answer(false).response.response).toEqual({ behavior: 'deny', message: 'Use the trash.' });
});

test('Grok is answered for this once, and told why not', () => {
  const request = requestOf('grok');
  const answer = (allowed: boolean) => JSON.parse(request?.answer(allowed, 'Use the trash.') ?? '');
  const input = { variant: 'Bash', command: 'rm notes.txt', description: 'mock command', is_background: false };
  expect(request).toMatchObject({ id: '0', tool: 'run_terminal_command', input: JSON.stringify(input) });
  expect(answer(true)).toEqual({
    jsonrpc: '2.0',
    id: 0,
    result: { outcome: { outcome: 'selected', optionId: 'allow-once' } },
  });
  expect(answer(false).result).toEqual({
    outcome: { outcome: 'selected', optionId: 'reject-once' },
    _meta: { followup_message: 'Use the trash.' },
  });
});

test('an interrupted run of Claude takes its question back', () => {
  const { heard } = hearSample('claude', 'ask-interrupt');
  const asked = heard.find(({ request }) => request !== undefined)?.request?.id;
  expect(heard.flatMap(({ withdrawn }) => withdrawn ?? [])).toEqual([asked]);
});

const isDone = ({ isDone }: ParsedLine) => isDone === true;

test.each(['ask-allow', 'ask-err401', 'ask-unknown', 'ask-bad-model'])('%s of Grok is done once, with its result', (name) => {
  const done = hearSample('grok', name).heard.filter(isDone);
  expect(done.map(({ items }) => items.at(-1)?.kind)).toEqual(['result']);
});

test('a run of Claude is done with its result', () => {
  const { heard } = hearSample('claude', 'ask-subagent');
  expect(heard.filter(isDone)).toHaveLength(1);
  expect(heard.find(isDone)?.items.at(-1)).toMatchObject({ kind: 'result', isError: false });
});

test.each([
  ['an unknown model', 'ask-bad-model', 'Invalid params: unknown model id'],
  ['an unknown session', 'ask-unknown', expect.stringContaining('Path not found.')],
])('Grok tells of %s before the prompt is sent', (_title, name, message) => {
  const [result] = hearSample('grok', name).heard.flatMap(({ items }) => items.filter((item) => item.kind === 'result'));
  expect(result?.errors).toEqual([message]);
});

const foreign: [string, string, object][] = [
  [
    'claude',
    '{"type":"control_request","request_id":"r","request":{"subtype":"hook_callback"}}',
    { request_id: 'r', subtype: 'error' },
  ],
  ['grok', '{"jsonrpc":"2.0","id":7,"method":"_x.ai/exit_plan_mode","params":{}}', { id: 7, error: { code: -32601 } }],
  [
    'grok',
    '{"jsonrpc":"2.0","id":8,"method":"session/request_permission","params":{"toolCall":{"rawInput":{}},"options":[]}}',
    { id: 8, error: { code: -32601 } },
  ],
  [
    'grok',
    '{"jsonrpc":"2.0","id":9,"method":"session/request_permission","params":{"toolCall":{},"options":[{"optionId":"a","kind":"allow_once"},{"optionId":"r","kind":"reject_once"}]}}',
    { id: 9, error: { code: -32601 } },
  ],
];

test.each(foreign)('%s is told that nobody answers %s', (id, line, told) => {
  const { reply = '', request } = dialogueOf(id).read(line);
  const said = JSON.parse(reply);
  expect(said.response ?? said).toMatchObject(told);
  expect(request).toBe(undefined);
});

test('what a subagent of Grok says is no part of the answer', () => {
  const notice = (sessionId: string) =>
    JSON.stringify({
      method: 'session/update',
      params: { sessionId, update: { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'x' } } },
    });
  const dialogue = dialogueOf('grok');
  expect(dialogue.read(notice('2b2f0f5e-96f7-4f8e-b6e5-6a3b0d0c1a11')).items).toEqual([{ kind: 'text', text: 'x' }]);
  expect(dialogue.read(notice(SOURCE)).items).toEqual([]);
});
