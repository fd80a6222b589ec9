import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Mutant } from './mutants.ts';

/** A mutant that no test can notice, or that need not be noticed, and why. */
const Equivalent = z.strictObject({
  file: z.string(),
  line: z.string(),
  before: z.string(),
  after: z.string(),
  reason: z.string(),
});
export type Equivalent = z.infer<typeof Equivalent>;

export const readEquivalents = async (): Promise<Equivalent[]> =>
  z.array(Equivalent).parse(JSON.parse(await readFile(join(import.meta.dirname, 'equivalents.json'), 'utf8')));

export const isSame = (known: Equivalent, { file, context, before, after }: Mutant): boolean =>
  known.file === file && known.line === context && known.before === before && known.after === after;

/** How far a mutant came: what noticed it, or null, and the suites that did not. */
const Result = z.object({ key: z.string(), killedBy: z.string().nullable(), passed: z.int(), tests: z.string() });
export type Result = z.infer<typeof Result>;

/** Results of earlier runs, by the key of the mutant. A killed one stays killed; a survivor is tried again when the tests have changed. */
export async function readResults(path: string, tests: string): Promise<Map<string, Result>> {
  const lines = await readFile(path, 'utf8').catch(() => '');
  const all = lines.split('\n').flatMap((line) => (line === '' ? [] : [Result.parse(JSON.parse(line))]));
  return new Map(
    all.filter((result) => result.killedBy !== null || result.tests === tests).map((result) => [result.key, result]),
  );
}

export async function addResult(path: string, result: Result): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await appendFile(path, `${JSON.stringify(result)}\n`);
}
