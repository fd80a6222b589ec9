import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { parsedJson } from '../../../container/providers/json.ts';
import { CommandError } from '../../cli/command-error.ts';
import { runPinnedTool } from '../../cli/pinned-tool.ts';
import { ROOT, WRANGLER_DIRECTORY } from '../environment.ts';
import { readOptional } from '../state.ts';

/** Where bundles are kept, so that only the first start after a change builds one. */
const BUNDLES = join(WRANGLER_DIRECTORY, 'bundles');

/** The packages that are installed, which decide about the code below node_modules. */
const INSTALLED = join(ROOT, 'node_modules/.package-lock.json');

const Bundle = z.object({
  /** SHA-256 of the inputs. */
  digest: z.string(),
  /** Absolute paths of the project's own files in the bundle. */
  inputs: z.array(z.string()),
  name: z.string(),
  /** What miniflare has to know of the Worker's bindings. */
  options: z.record(z.string(), z.unknown()),
  script: z.string(),
});

/** A Worker that needs no build. */
export interface WorkerBundle extends z.output<typeof Bundle> {
  /** Path of the source map. */
  map: string;
}

const sha256 = (...parts: (string | Buffer)[]) =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex');

/** The state of the packages and of the files in a bundle, or undefined if one of them is missing. */
function digestOf(inputs: string[]): string | undefined {
  try {
    return sha256(...[INSTALLED, ...inputs].flatMap((file) => [file, readFileSync(file)]));
  } catch {
    return undefined;
  }
}

/** Path of the bundle of a configuration, without extension. Copies of a configuration share it if their main file is the same one. */
function placeOf(config: string): string {
  const text = readFileSync(config, 'utf8');
  const main = resolve(dirname(config), /^main = "(.*)"$/m.exec(text)?.[1] ?? '');
  return join(BUNDLES, sha256(text, main).slice(0, 16));
}

function stored(place: string): WorkerBundle | undefined {
  const read = Bundle.safeParse(parsedJson(readOptional(`${place}.json`) ?? ''));
  if (!read.success || read.data.digest !== digestOf(read.data.inputs)) return undefined;
  return { ...read.data, map: `${place}.map` };
}

/** Paths in it are relative to the directory of the configuration. */
const Metafile = z.object({ inputs: z.record(z.string(), z.unknown()), outputs: z.record(z.string(), z.unknown()) });

/** Paths in it are relative to its own directory. */
const SourceMap = z.looseObject({ sources: z.array(z.string()) });

/** Replaces a file at once, because other processes read it. */
function replace(file: string, text: string) {
  const next = `${file}.${randomUUID()}`;
  writeFileSync(next, text);
  renameSync(next, file);
}

async function build(config: string, place: string): Promise<WorkerBundle> {
  mkdirSync(BUNDLES, { recursive: true });
  const out = mkdtempSync(join(BUNDLES, 'build-'));
  try {
    const metafile = join(out, 'meta.json');
    const args = [
      'deploy',
      '--dry-run',
      '--config',
      config,
      '--outdir',
      out,
      `--metafile=${metafile}`,
      '--containers-rollout=none',
    ];
    const { status, stderr } = runPinnedTool('wrangler', args, 'pipe');
    if (status !== 0) throw new CommandError(`The Worker could not be built: ${stderr}`);
    const { inputs, outputs } = Metafile.parse(JSON.parse(readFileSync(metafile, 'utf8')));
    const [output = ''] = Object.keys(outputs).filter((file) => file.endsWith('.js'));
    const own = Object.keys(inputs).filter((file) => !file.includes('node_modules/'));
    const { unstable_getMiniflareWorkerOptions, unstable_readConfig } = await import('wrangler');
    const { workerOptions } = unstable_getMiniflareWorkerOptions(config, undefined, { overrides: { enableContainers: false } });
    const bundle = {
      inputs: own.map((file) => resolve(dirname(config), file)),
      name: unstable_readConfig({ config }).name ?? 'worker',
      options: Object(workerOptions),
      script: readFileSync(join(out, basename(output)), 'utf8'),
    };
    const digest = digestOf(bundle.inputs) ?? '';
    const map = SourceMap.parse(JSON.parse(readFileSync(join(out, `${basename(output)}.map`), 'utf8')));
    const sources = map.sources.map((source) => resolve(out, source));
    replace(`${place}.map`, JSON.stringify({ ...map, sources }));
    replace(`${place}.json`, JSON.stringify({ digest, ...bundle }));
    return { digest, ...bundle, map: `${place}.map` };
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** The Worker of a wrangler configuration, built if its code or a package has changed since the last build. Throws if it does not build. */
export async function workerBundle(config: string): Promise<WorkerBundle> {
  const place = placeOf(config);
  return stored(place) ?? (await build(config, place));
}
