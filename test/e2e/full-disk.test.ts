import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { descendants, scratchDirectory, spawnStart } from '../helpers/gateway-process.ts';

const SIZE = { small: '64m', large: '3g' } as const;
const tmpfs = (directory: string, options: string) => execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', directory]);

/** A directory on a disk of its own, or undefined if this user may mount none. */
function mountDisk(): string | undefined {
  const directory = join(scratchDirectory(), 'disk');
  mkdirSync(directory);
  try {
    tmpfs(directory, `size=${SIZE.large}`);
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync('umount', ['-l', directory]));
  return directory;
}

const BLOCK = Buffer.alloc(4_096);

/** Writes a file until the disk takes no more, and returns the function that frees the disk. */
function fill(disk: string): () => void {
  tmpfs(disk, `remount,size=${SIZE.small}`);
  const path = join(disk, 'filler');
  const file = openSync(path, 'w');
  try {
    for (;;) writeSync(file, BLOCK);
  } catch (error) {
    expect(error).toMatchObject({ code: 'ENOSPC' });
  }
  closeSync(file);
  return () => {
    rmSync(path);
    tmpfs(disk, `remount,size=${SIZE.large}`);
  };
}

/** Starts a gateway, and returns its lines and a function that waits for one of them. */
function startOn(disk: string) {
  const child = spawnStart(['--offline', '--port', '0', '--state', disk]);
  if (!child.stdout) throw new Error('not piped');
  const lines: string[] = [];
  const output = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const seen = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      for (const line of lines) {
        const match = pattern.exec(line);
        if (match) return match;
      }
      await once(output, 'line');
    }
  };
  return { child, lines, seen };
}

const Reply = z.object({
  error: z.object({ code: z.string() }).optional(),
  job: z.object({ id: z.string(), state: z.string(), finishedAt: z.number().optional() }).optional(),
});

test('npm start continues on a full disk: it says so once, refuses jobs with disk_full, and recovers when space is free', async ({
  skip,
}) => {
  const disk = mountDisk();
  if (disk === undefined) return skip('only root may mount a disk');
  const { child, lines, seen } = startOn(disk);
  const [, url = ''] = await seen(/^Ready on (\S+)$/);
  const [, token = ''] = await seen(/^Token: (\S+)$/);
  const call = async (name: string, args: object) => {
    const params = { name, arguments: args };
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
    });
    const text = await response.text();
    const found = /^data: (.*)$/m.exec(text)?.[1] ?? text;
    const { result, error } = JSON.parse(found);
    return { status: response.status, ...Reply.parse(result?.structuredContent ?? { error }) };
  };
  const ask = (prompt: string) => call('claude_request', { prompt });
  expect(await ask('before')).toMatchObject({ status: 200, job: { state: 'completed' } });
  const { job: running } = await call('claude_request_async', { prompt: '[mock:slow 5]' });

  const free = fill(disk);
  for (const prompt of ['first', 'second', 'third']) {
    const { status, error } = await ask(prompt);
    expect({ prompt, code: error?.code }).toEqual({ prompt, code: 'disk_full' });
    expect(status).not.toBe(500);
  }
  await seen(/^The disk takes no more logs .*ENOSPC/);
  process.kill(Number(descendants(child.pid).find(({ args }) => args.includes('container/main.ts'))?.pid), 'SIGKILL');
  await seen(/^The executor ended and is restarted when the disk has space/);

  free();
  await seen(/^The executor is ready again$/);
  expect(await ask('after')).toMatchObject({ status: 200, job: { state: 'completed' } });
  await seen(/^The disk takes logs again\.$/);
  const { job: ended } = await call('llm_job_watch', { jobId: running?.id });
  expect(ended?.finishedAt, 'a job that ran meanwhile ends').toBeDefined();
  expect(lines.filter((line) => line.startsWith('The disk takes no more logs'))).toHaveLength(1);
  expect(child.exitCode).toBeNull();
});
