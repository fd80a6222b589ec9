import { expect, test } from 'vitest';
import { z } from 'zod';
import { RunRequest } from '../../../container/protocol.ts';
import type { Provider } from '../../../container/providers/provider.ts';
import { readConfig } from '../../../src/config.ts';
import { parseInput } from '../../../src/mcp/input.ts';
import { readRequest, requestInput } from '../../../src/mcp/tools/request-input.ts';
import { scripted } from '../../fixtures/scripted-provider.ts';

const provider: Provider = {
  ...scripted,
  options: { model: { type: z.string().optional() }, maxTurns: { type: z.int().min(1).optional() } },
};
const { limits } = readConfig({ PROMPT_MAX_BYTES: '100' });
const id = '2b2f0f5e-96f7-4f8e-b6e5-6a3b0d0c1a11';

function read(input: Record<string, unknown>) {
  const parsed = parseInput(requestInput(provider, false, limits), input);
  return parsed.ok ? readRequest(provider, parsed.value, limits) : parsed;
}
function complaint(input: Record<string, unknown>): string {
  const found = read(input);
  return found.ok || found.failure.code !== 'invalid_input' ? 'accepted' : found.failure.issues.join(' ');
}

const refused: [string, Record<string, unknown>, RegExp][] = [
  ['no prompt', {}, /exactly one of prompt and promptParts; neither/],
  ['two prompts', { prompt: 'a', promptParts: { task: 'b' } }, /exactly one of prompt and promptParts; both/],
  ['an unknown parameter near a known one', { prompt: 'a', modle: 'opus' }, /Unknown parameter "modle". Did you mean "model"\?/],
  ['an unknown parameter near none', { prompt: 'a', zzzzzzzzzzzz: 1 }, /Unknown parameter "zzzzzzzzzzzz". Remove it/],
  ['an unknown part of a prompt', { promptParts: { task: 'a', footer: 'b' } }, /"promptParts.footer"/],
  ['a number out of range', { prompt: 'a', maxTurns: 0 }, /maxTurns: /],
  ['a prompt over the limit', { prompt: 'ä'.repeat(51) }, /102 bytes, limit 100/],
  ['a NUL character', { prompt: 'a\0b' }, /NUL/],
  ['half a surrogate pair', { prompt: 'a\ud83d' }, /half of a surrogate pair/],
  ['a NUL character in an option', { prompt: 'a', model: 'x\0' }, /option holds a NUL/],
  ['half a surrogate pair in an option', { prompt: 'a', model: '\udc00' }, /option holds half/],
  ['a session that is no UUID', { prompt: 'a', sessionId: 'mine' }, /sessionId: /],
  ['a path that climbs out', { prompt: 'a', workspace: 'w', workingDir: 'a/../../b' }, /leaves the workspace/],
  ['an absolute path', { prompt: 'a', workspace: 'w', workingDir: '/etc' }, /leaves the workspace/],
  ['a workspace that is a path', { prompt: 'a', workspace: '../x' }, /workspace: /],
  ['the latest session of nowhere', { prompt: 'a', continueSession: true }, /needs a workspace/],
  ['a latest and a named session', { prompt: 'a', continueSession: true, sessionId: id, workspace: 'w' }, /excludes sessionId/],
  ['a copy of no conversation', { prompt: 'a', forkSession: true }, /conversation to copy/],
  ['a deadline over its bound', { prompt: 'a', syncDeadlineMs: 280_001 }, /syncDeadlineMs: /],
];

test.each(refused)('refuses %s', (_name, input, said) => {
  expect(complaint(input)).toMatch(said);
});

const uuid = expect.stringMatching(/^[0-9a-f-]{36}$/);
const sessions: [string, Record<string, unknown>, object][] = [
  ['nothing', {}, { mode: 'new', id: uuid }],
  ['sessionId', { sessionId: id }, { mode: 'resume', id }],
  ['createNewSession with an id', { sessionId: id, createNewSession: true }, { mode: 'new', id }],
  ['continueSession', { continueSession: true, workspace: 'w' }, { mode: 'latest' }],
  ['forkSession of an id', { sessionId: id, forkSession: true }, { mode: 'fork', id: uuid, from: id }],
  ['forkSession of the latest', { continueSession: true, forkSession: true, workspace: 'w' }, { mode: 'fork', id: uuid }],
];

test.each(sessions)('%s chooses the session', (_name, input, session) => {
  expect(read({ prompt: 'a', ...input })).toMatchObject({ ok: true, value: { session } });
});

test('parts of a prompt are joined in their order, empty ones left out', () => {
  const parts = { task: 'T', context: 'C', system: 'S', tools: '' };
  expect(read({ promptParts: parts })).toMatchObject({ ok: true, value: { prompt: 'S\n\nC\n\nT' } });
});

test('only the provider options that were given are passed on', () => {
  expect(read({ prompt: 'a', model: 'opus', workspace: 'w' })).toMatchObject({ ok: true, value: { options: { model: 'opus' } } });
});

const names: [name: string, taken: boolean][] = [
  ['w', true],
  ['My.project-2_x', true],
  ['a..b', true],
  [`w${'x'.repeat(63)}`, true],
  [`w${'x'.repeat(64)}`, false],
  ['.', false],
  ['..', false],
  ['.git', false],
  ['2w', false],
  ['a/b', false],
  ['a\n', false],
  ['', false],
];

test.each(names)('a workspace named %j is taken, here and by the executor: %s', (workspace, taken) => {
  expect(read({ prompt: 'a', workspace }).ok).toBe(taken);
  expect(RunRequest.shape.workspace.safeParse(workspace).success).toBe(taken);
});

test('an asynchronous request has no deadline to wait for', () => {
  expect(Object.keys(requestInput(provider, true, limits).shape)).not.toContain('syncDeadlineMs');
});
