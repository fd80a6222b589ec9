import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { claimPort } from '../../scripts/local/port.ts';
import { worker } from '../../scripts/local/services.ts';
import { workerBundle } from '../../scripts/local/worker/bundle.ts';
import { scratchDirectory } from '../helpers/gateway-process.ts';
import { partOf } from '../rig/part.ts';

/** A Worker of one file. */
function project() {
  const directory = scratchDirectory();
  const config = join(directory, 'wrangler.toml');
  writeFileSync(config, 'name = "echo"\nmain = "worker.ts"\ncompatibility_date = "2026-11-01"\n');
  /** Makes it answer with a word, and print the place in its source. */
  const answering = (word: string) =>
    writeFileSync(
      join(directory, 'worker.ts'),
      `const word: string = '${word}';\nexport default { fetch() {\n  console.error(new Error(word).stack);\n  return new Response(word);\n} };\n`,
    );
  const bundle = async () => {
    const made = await workerBundle(config);
    onTestFinished(() => [made.map, made.map.replace(/map$/, 'json')].forEach((file) => void rmSync(file, { force: true })));
    return made;
  };
  return { directory, config, answering, bundle };
}

test('a Worker is built once, again when its code changes, and its log names places in the source', async () => {
  const { directory, config, answering, bundle } = project();
  answering('one');
  const { map, script } = await bundle();
  expect(script).toContain('"one"');
  const { mtimeMs } = statSync(map);
  await bundle();
  expect(statSync(map).mtimeMs).toBe(mtimeMs);

  answering('two');
  for (const name of ['home', 'logs', 'tmp', 'worker']) mkdirSync(join(directory, name), { recursive: true });
  const spec = worker(directory, await claimPort(0), {});
  const part = partOf({ ...spec, message: { ...spec.message, config } });
  await part.start();
  expect(await fetch(part.url()).then((response) => response.text())).toBe('two');
  await part.end('SIGTERM');
  expect(readFileSync(spec.log, 'utf8')).toContain(`Error: two\n    at Object.fetch (${directory}/worker.ts:3:17)`);
});

test('a Worker that does not build is refused with the place of the mistake', async () => {
  const { answering, bundle } = project();
  answering("three'; }");
  await expect(bundle()).rejects.toThrow(/could not be built[\s\S]*worker\.ts:1/);
});
