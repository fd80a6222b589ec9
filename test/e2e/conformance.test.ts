import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startFixtures } from '../conformance/fixtures.ts';
import { scenarioOutcomes, split, surprises } from '../conformance/sets.ts';
import { runSuite } from '../conformance/suite.ts';
import { scratchDirectory } from './gateway-process.ts';

const REVISIONS = { '2026-07-28': 37, '2025-11-25': 30 };

test('the official suite finds no surprise in any scored scenario of either revision, nor in tasks', async () => {
  const state = scratchDirectory();
  const fixtures = await startFixtures(state);
  try {
    const sets = await Promise.all(
      Object.keys(REVISIONS).map(async (revision) => {
        const run = await runSuite(['server', '--url', fixtures.url, '--requirements', revision], join(state, revision));
        return split(revision, run);
      }),
    );
    const found = new Map(sets.flat().map(({ name, checks }) => [name, checks]));
    for (const [revision, scored] of Object.entries(REVISIONS))
      expect(scenarioOutcomes(found.get(revision) ?? []).size).toBe(scored);
    expect(found.get('2026-07-28 tasks')?.filter(({ outcome }) => outcome === 'passed').length).toBe(44);
    expect(surprises([...found.values()].flat())).toEqual([]);
  } finally {
    await fixtures.stop();
  }
});
