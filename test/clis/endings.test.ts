import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { claude } from '../../container/providers/claude/claude.ts';
import { outcome } from '../../src/job/outcome.ts';
import { openWorkshop } from './real-cli.ts';

let workshop: Awaited<ReturnType<typeof openWorkshop>>;
beforeAll(async () => {
  workshop = await openWorkshop([claude]);
});
afterAll(() => workshop.end());

test('a prompt that a hook of the workspace refuses is a failure', async () => {
  const hook = { type: 'command', command: 'echo not today >&2; exit 2' };
  await mkdir(join(workshop.work, '.claude'), { recursive: true });
  await writeFile(
    join(workshop.work, '.claude/settings.json'),
    JSON.stringify({ hooks: { UserPromptSubmit: [{ hooks: [hook] }] } }),
  );
  const { items, answer, code } = await workshop.run(claude, { options: { settingSources: 'project' } });
  const result = items.findLast((item) => item.kind === 'result');
  const ended = outcome({
    exit: { cause: 'exit', code, signal: null },
    ...{ result, answer, structuredChars: 0, hasSaid: false, printed: '', hasRunTool: false, hasCalledModel: false },
    ...{ wantsStructured: false, provider: 'claude', now: Date.now() },
  });
  expect(ended).toMatchObject({
    reason: 'hook_refused',
    error: { retryable: false, message: expect.stringContaining('not today') },
  });
});
