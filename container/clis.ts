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
import { PRIVATE_DIRECTORY } from './state/files.ts';

const VERSION_MAX_MS = 20_000;

/** A provider's program on this machine. */
export interface Cli {
  binary: string;
  /** As its --version says, without the name. */
  version: string;
}

/** The npm packages, one per platform, that hold the programs; their install scripts are never run. */
const PACKAGES: Record<string, { name: string; file: string; isPacked: boolean }> = {
  claude: { name: '@anthropic-ai/claude-code', file: 'claude', isPacked: false },
  grok: { name: '@xai-official/grok', file: 'bin/grok.br', isPacked: true },
};

/** The CLIs of these providers that can be started; the others are named on stderr. */
export async function findClis(
  providers: string[],
  binaries: Readonly<Record<string, string>>,
  stateDirectory: string,
): Promise<Record<string, Cli>> {
  const found: Record<string, Cli> = {};
  for (const provider of providers) {
    try {
      const binary = binaries[provider] ?? (await packagedBinary(provider, stateDirectory));
      await access(binary, constants.X_OK);
      found[provider] = { binary, version: await versionOf(binary, stateDirectory) };
    } catch (error) {
      console.error(`The CLI of ${provider} is missing: ${messageOf(error)}`);
    }
  }
  return found;
}

const Manifest = z.object({ version: z.string() });

async function packagedBinary(provider: string, stateDirectory: string): Promise<string> {
  const wanted = PACKAGES[provider];
  if (wanted === undefined) throw new Error(`no package is known for it; set EXECUTOR_${provider.toUpperCase()}_BIN`);
  const manifest = createRequire(import.meta.url).resolve(`${wanted.name}-${process.platform}-${process.arch}/package.json`);
  const file = join(dirname(manifest), wanted.file);
  if (!wanted.isPacked) return file;
  const { version } = Manifest.parse(JSON.parse(await readFile(manifest, 'utf8')));
  const unpacked = `${provider}-${version}`;
  return unpack(file, join(import.meta.dirname, '.bin', unpacked)).catch(() =>
    unpack(file, join(stateDirectory, 'bin', unpacked)),
  );
}

/** Unpacks a brotli file into a program, once; starters at the same time do not see each other's parts. */
async function unpack(packed: string, target: string): Promise<string> {
  const isThere = await access(target, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (isThere) return target;
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
  // Some CLIs write to HOME even when they only tell their version.
  const home = join(stateDirectory, `version-${randomUUID()}`);
  await mkdir(home, { mode: PRIVATE_DIRECTORY });
  try {
    const env = { PATH: process.env.PATH, HOME: home, TMPDIR: home, LANG: 'C.UTF-8' };
    const { stdout } = await promisify(execFile)(binary, ['--version'], { env, timeout: VERSION_MAX_MS, killSignal: 'SIGKILL' });
    return /\d+\.\d+\.\d+\S*/.exec(stdout)?.[0] ?? stdout.trim();
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
