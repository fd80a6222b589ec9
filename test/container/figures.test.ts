import { expect, test } from 'vitest';
import { print } from '../../scripts/cli/print.ts';
import { useSite } from './helpers/site.ts';

/** One start per workspace is measured; the median counts. */
const STARTS = ['one', 'two', 'three'];

const { startUntil, ended, boxes } = useSite();

/** Measures the time from a request to the first event of its run, in ms. */
async function firstEvent(workspace: string): Promise<number> {
  const began = performance.now();
  const jobId = await startUntil('claude', { workspace, prompt: 'hi', forceRefresh: true }, 'start');
  const ms = performance.now() - began;
  await ended(jobId);
  return ms;
}

async function medianOf(workspaces: string[]): Promise<number> {
  const times: number[] = [];
  for (const workspace of workspaces) times.push(await firstEvent(workspace));
  return Math.round(times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0);
}

test('the time of cold and warm starts, and the memory of an idle container', async () => {
  const coldMs = await medianOf(STARTS);
  expect(boxes()).toHaveLength(STARTS.length);
  const warmMs = await medianOf(STARTS);
  print(`first event: cold ${coldMs} ms, warm ${warmMs} ms; idle ${boxes()[0]?.memory()}`);
  expect(boxes()).toHaveLength(STARTS.length);
});
