// `npm run lock`: adds to package-lock.json the optional packages of other platforms, because npm omits those that a registry lacks.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { parseFlags } from './cli/flags.ts';
import { ROOT } from './local/environment.ts';

const LOCK = join(ROOT, 'package-lock.json');

const Package = z.looseObject({
  version: z.string().optional(),
  dev: z.boolean().optional(),
  optionalDependencies: z.record(z.string(), z.string()).optional(),
});
const Lock = z.looseObject({ packages: z.record(z.string(), Package) });
type Packages = z.infer<typeof Lock>['packages'];

/** Words in a package's name for its system and its processor. */
const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'aix', 'win32'];
const PROCESSORS = ['arm', 'arm64', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];
const SPELLINGS: Record<string, string> = { windows: 'win32', '64': 'x64' };

/** Where Node looks for a package from another one: in its own node_modules, then in those above it. */
function* lookupPaths(from: string, name: string) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    yield `${at ? `${at}/` : ''}node_modules/${name}`;
    if (!at) return;
  }
}

const findPackage = (packages: Packages, from: string, name: string) => {
  const place = [...lookupPaths(from, name)].find((at) => packages[at]);
  return place === undefined ? undefined : packages[place];
};

function entryOf(name: string, version: string, { dev }: z.infer<typeof Package>) {
  const words = name.split(/[-/@]/).map((word) => SPELLINGS[word] ?? word);
  const libc = words.some((word) => word.startsWith('musl'))
    ? 'musl'
    : words.some((word) => word.startsWith('gnu'))
      ? 'glibc'
      : undefined;
  const os = SYSTEMS.filter((system) => words.includes(system));
  const cpu = PROCESSORS.filter((processor) => words.includes(processor));
  return {
    version,
    cpu,
    ...(dev && { dev }),
    ...(libc && os.includes('linux') && { libc: [libc] }),
    optional: true,
    ...(os.length > 0 && { os }),
  };
}

/** The path of a new entry: beside the package that needs it, or below it if another version is there. */
function pathFor(packages: Packages, from: string, name: string): string {
  const beside = `${from.slice(0, Math.max(0, from.lastIndexOf('node_modules/')))}node_modules/${name}`;
  return packages[beside] ? `${from}/node_modules/${name}` : beside;
}

/** The entries that are missing. Ranges of versions are left to npm. */
function missingEntries(packages: Packages) {
  return Object.entries(packages).flatMap(([from, entry]) =>
    Object.entries(entry.optionalDependencies ?? {})
      .filter(([name, version]) => /^\d/.test(version) && findPackage(packages, from, name)?.version !== version)
      .map(([name, version]) => [pathFor(packages, from, name), entryOf(name, version, entry)] as const),
  );
}

parseFlags('npm run lock\n\nAdds to package-lock.json the optional packages of other platforms.', {});
const lock = Lock.parse(JSON.parse(await readFile(LOCK, 'utf8')));
const added = missingEntries(lock.packages);
const all = Object.entries({ ...lock.packages, ...Object.fromEntries(added) });
const isInstalled = ([place]: [string, unknown]) => place.startsWith('node_modules/');
const sorted = all.filter(isInstalled).sort(([a], [b]) => (a < b ? -1 : 1));
const packages = Object.fromEntries([...all.filter((entry) => !isInstalled(entry)), ...sorted]);
await writeFile(LOCK, `${JSON.stringify({ ...lock, packages }, null, 2)}\n`);
process.stdout.write(`${added.length} packages added: ${added.map(([place]) => place).join(', ')}\n`);
