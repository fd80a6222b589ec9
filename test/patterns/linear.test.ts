import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';
import { check } from 'recheck';
import { expect, test } from 'vitest';
import { ROOT } from '../../scripts/local/environment.ts';

/** Longest search for a text that makes one pattern slow, in ms. */
const MAX_SEARCH_MS = 60_000;

/** Patterns that the checker cannot read: sets of characters without a quantifier, which take linear time. */
const UNREADABLE = /^\[[^*+]*\]$/;

interface Pattern {
  place: string;
  source: string;
  flags: string;
}

/** The regular expressions that stand in a file. */
function patternsIn(file: string): Pattern[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const found: Pattern[] = [];
  const Literal = ({ start, ...literal }: { start: number; regex?: { pattern: string; flags: string } }) => {
    const { regex } = literal;
    const place = `${file}:${text.slice(0, start).split('\n').length}`;
    if (regex) found.push({ place, source: regex.pattern, flags: regex.flags });
  };
  new Visitor({ Literal }).visit(parseSync(file, text).program);
  return found;
}

/** Why a pattern may take more than linear time, with a text that shows it; undefined for a safe one. */
async function slowness({ place, source, flags }: Pattern): Promise<string | undefined> {
  const found = await check(source, flags, { timeout: MAX_SEARCH_MS });
  if (found.status === 'safe' || (found.status === 'unknown' && UNREADABLE.test(source))) return undefined;
  const why = found.status === 'vulnerable' ? `${found.complexity.summary}: ${found.attack.pattern}` : found.error.kind;
  return `${place} /${source}/${flags}: ${why}`;
}

test('every regular expression takes linear time, whatever text it meets', async () => {
  const patterns = globSync('{src,container}/**/*.ts', { cwd: ROOT, exclude: ['**/node_modules/**'] }).flatMap(patternsIn);
  expect(patterns.length).toBeGreaterThan(100);
  const slow: (string | undefined)[] = [];
  for (const pattern of patterns) slow.push(await slowness(pattern));
  expect(slow.filter(Boolean)).toEqual([]);
});

test('a pattern of quadratic time is found', async () => {
  expect(await slowness({ place: 'here', source: 'eyJ[\\w-]{8,}\\.', flags: '' })).toContain('polynomial');
});
