import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Mutant, mutate } from './mutants.ts';
import { type Order, Verdict } from './order.ts';
import { type Project, ROOT, type Suite } from './suites.ts';

/** What a copy of the project consists of. */
const COPIED = [
  ...['src', 'container', 'test', 'scripts', 'docs', 'README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'LICENSE', 'server.json'],
  ...['package.json', 'package-lock.json', 'tsconfig.json', 'vitest.config.ts', 'wrangler.toml', 'worker-configuration.d.ts'],
];

/** Longest trial, in times of the unchanged run and in ms on top of that. A mutant that takes longer is killed by it. */
const SLOWER_MAX = 4;
const SLOWER_MAX_MS = 45_000;

/** Ends of a trial that are no verdict of a test. */
const LATE = 'the tests did not end';
const ENDED = 'the test process ended';

/** Longest first run of an unchanged suite, in ms. */
const MEASURE_MAX_MS = 600_000;

/** A copy of the project in which mutants are tried one after the other. */
export interface Lane {
  /** Runs a suite on a mutant. Returns what noticed it, or null if everything passed. */
  try: (mutant: Mutant, suite: Suite) => Promise<string | null>;
  close: () => void;
}

/** Makes a copy of the project in a directory. */
export async function openLane(directory: string): Promise<Lane> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  for (const name of COPIED) await cp(join(ROOT, name), join(directory, name), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  const processes = new Map<Project, ChildProcess>();
  const usualMs = new Map<string, number>();
  /** Files that changed since a project's last run. */
  const changed: Record<Project, Set<string>> = { unit: new Set(), executor: new Set(), worker: new Set() };

  function end(project: Project): void {
    const { pid } = processes.get(project) ?? {};
    processes.delete(project);
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }

  async function run({ project, files }: Suite, limitMs: number): Promise<string | null> {
    const started = processes.get(project);
    const child =
      started ??
      fork(join(directory, 'test/mutation/trial-process.ts'), [project], { cwd: directory, detached: true, silent: true });
    processes.set(project, child);
    child.send({ files, changed: [...changed[project]] } satisfies Order);
    changed[project].clear();
    const over = new AbortController();
    const { signal } = over;
    const contestants = [
      once(child, 'message', { signal }).then(([message]) => Verdict.parse(message).failure),
      once(child, 'exit', { signal }).then(() => ENDED),
      delay(limitMs, LATE, { signal }),
    ];
    const failure = await Promise.race(contestants);
    over.abort();
    await Promise.allSettled(contestants);
    if (failure === LATE || failure === ENDED) end(project);
    return failure;
  }

  /** Runs a suite of the unchanged project once, to see that it passes and how long it takes. Unit tests take no time. */
  async function measure(suite: Suite): Promise<number> {
    if (suite.project === 'unit') return 0;
    const name = `${suite.project} ${suite.files.join(' ')}`;
    const known = usualMs.get(name);
    if (known !== undefined) return known;
    const before = Date.now();
    const failure = (await run(suite, MEASURE_MAX_MS)) && (await run(suite, MEASURE_MAX_MS));
    if (failure) throw new Error(`The unchanged project fails: ${failure}`);
    usualMs.set(name, Date.now() - before);
    return Date.now() - before;
  }

  async function write(file: string, text: string): Promise<void> {
    await writeFile(join(directory, `${file}.new`), text);
    await rename(join(directory, `${file}.new`), join(directory, file));
    for (const files of Object.values(changed)) files.add(file);
  }

  return {
    try: async (mutant, suite) => {
      const limitMs = SLOWER_MAX * (await measure(suite)) + SLOWER_MAX_MS;
      const source = await readFile(join(directory, mutant.file), 'utf8');
      await write(mutant.file, mutate(source, mutant));
      const failure = await run(suite, limitMs).finally(() => write(mutant.file, source));
      const unchanged = failure === ENDED ? await run(suite, MEASURE_MAX_MS) : null;
      if (unchanged !== null) throw new Error(`The unchanged project fails: ${unchanged}`);
      return failure;
    },
    close: () => [...processes.keys()].forEach(end),
  };
}
