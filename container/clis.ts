import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { access, constants, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createBrotliDecompress } from 'node:zlib';
import { z } from 'zod';
import { messageOf } from './errors.ts';
import type { Provider } from './providers/provider.ts';
import { PRIVATE_DIRECTORY, removeTree } from './state/files.ts';

const VERSION_MAX_MS = 20_000;

/** A provider's CLI on this machine. */
export interface Cli {
  binary: string;
  /** As its --version reports it, without the name. */
  version: string;
}

/** Where CLIs are found, in place of their npm packages. */
export interface CliPlaces {
  /** Paths by provider id. */
  binaries?: Readonly<Record<string, string>>;
  /** A directory that holds each CLI under its provider's id. */
  cliDirectory?: string | undefined;
}

/** The CLIs of these providers that can be started, by provider id. Reports the others on stderr. */
export async function findClis(
  providers: Provider[],
  { binaries, cliDirectory }: CliPlaces,
  stateDirectory: string,
): Promise<Record<string, Cli>> {
  const found: Record<string, Cli> = {};
  for (const { id, program } of providers) {
    try {
      const given = binaries?.[id] ?? (cliDirectory && join(cliDirectory, id));
      const binary = given ?? (await packagedBinary(id, program, stateDirectory));
      await access(binary, constants.X_OK);
      found[id] = { binary, version: await versionOf(binary, stateDirectory) };
    } catch (error) {
      console.error(`The CLI of ${id} is missing: ${messageOf(error)}`);
    }
  }
  return found;
}

const Manifest = z.object({ version: z.string() });

async function packagedBinary(id: string, program: Provider['program'], stateDirectory: string): Promise<string> {
  const manifest = createRequire(import.meta.url).resolve(`${program.package}-${process.platform}-${process.arch}/package.json`);
  const file = join(dirname(manifest), program.file);
  if (program.compression === undefined) return file;
  const { version } = Manifest.parse(JSON.parse(await readFile(manifest, 'utf8')));
  const unpacked = `${id}-${version}`;
  return unpack(file, join(import.meta.dirname, '.bin', unpacked)).catch(() =>
    unpack(file, join(stateDirectory, 'bin', unpacked)),
  );
}

/** Unpacks a brotli file into a program, once. Executors that start at the same time never see an unfinished file. */
async function unpack(packed: string, target: string): Promise<string> {
  const exists = await access(target, constants.X_OK)
    .then(() => true)
    .catch(() => false);
  if (exists) return target;
  const draft = `${target}.${randomUUID()}`;
  try {
    await mkdir(dirname(target), { recursive: true, mode: 0o755 });
    await pipeline(createReadStream(packed), createBrotliDecompress(), createWriteStream(draft, { mode: 0o755 }));
    await rename(draft, target);
  } finally {
    await rm(draft, { force: true });
  }
  return target;
}

async function versionOf(binary: string, stateDirectory: string): Promise<string> {
  // Some CLIs write to HOME even when they only report their version.
  const home = join(stateDirectory, `version-${randomUUID()}`);
  await mkdir(home, { mode: PRIVATE_DIRECTORY });
  try {
    const env = { PATH: process.env.PATH, HOME: home, TMPDIR: home, LANG: 'C.UTF-8' };
    const { stdout } = await promisify(execFile)(binary, ['--version'], { env, timeout: VERSION_MAX_MS, killSignal: 'SIGKILL' });
    return /\b\d+\.\d+\.\d+\S*/.exec(stdout)?.[0] ?? stdout.trim();
  } finally {
    await removeTree(home);
  }
}
