import { execFile } from 'node:child_process';
import { listProcesses, type ProcessRow } from '../containment/processes.ts';
import { freeDiskBytes } from '../state/disk.ts';

/** How often the use of all runs is measured, in ms. */
const TICK_MS = 500;
/** Free space that has to be gone before directories are measured again, in bytes. */
const DISK_STEP_BYTES = 33_554_432;

/** What one run may use. */
export interface Share {
  processes: number;
  memoryBytes: number;
  /** Bytes that it may add to its directories. */
  diskBytes: number;
}

/** Why the watchdog ends a run; without a limit if the disk is nearly full. */
export interface Excess {
  cause: 'process_limit' | 'out_of_memory' | 'disk_full';
  limit?: number;
}

interface WatchedRun {
  /** The process that holds all others of the run, and their group if they have one. */
  pid: number;
  tag: string;
  directories: string[];
  /** Size of its directories at its start, in bytes, once it is known. */
  before: Promise<number>;
  onExcess: (excess: Excess) => void;
}

interface Disk {
  stateDirectory: string;
  /** Free space below which the run that added most is ended, in bytes. */
  minFreeBytes: number;
}

/** Watches what runs use, and reports each one that uses more than its share, so that the others continue. */
export interface Watchdog {
  /** Watches a run until the returned function is called. */
  watch: (run: Omit<WatchedRun, 'before'>) => () => void;
}

/** Size of directories, in bytes. Files that vanish meanwhile do not count. */
const sizeOf = (directories: string[]): Promise<number> =>
  new Promise((resolve) => {
    execFile('du', ['-sk', '--', ...directories], (_error, stdout) =>
      resolve(stdout.split('\n').reduce((sum, line) => sum + Number.parseInt(line || '0', 10), 0) * 1_024),
    );
  });

/** The rows of a run: those of its group and the descendants of its first process. */
function rowsOf(rows: ProcessRow[], { pid, tag }: Pick<WatchedRun, 'pid' | 'tag'>): ProcessRow[] {
  const children = Map.groupBy(rows, ({ parent }) => parent);
  const found = new Map<number, ProcessRow>();
  const add = (row: ProcessRow): void => {
    if (found.has(row.pid)) return;
    found.set(row.pid, row);
    children.get(row.pid)?.forEach(add);
  };
  for (const row of rows) if (row.pid === pid || row.groups.includes(tag)) add(row);
  return [...found.values()];
}

/** What a run uses too much of, or undefined. */
function excessOf(rows: ProcessRow[], { processes, memoryBytes }: Share): Excess | undefined {
  if (rows.length > processes) return { cause: 'process_limit', limit: processes };
  const used = rows.reduce((sum, row) => sum + row.memoryBytes, 0);
  return used > memoryBytes ? { cause: 'out_of_memory', limit: memoryBytes } : undefined;
}

/** Starts a watchdog, which rests while nothing runs. */
export function startWatchdog(share: Share, { stateDirectory, minFreeBytes }: Disk): Watchdog {
  const runs = new Set<WatchedRun>();
  let isTicking = false;
  /** Free space when directories were measured last. */
  let measuredAt = Number.POSITIVE_INFINITY;

  function checkProcesses(): void {
    const rows = listProcesses();
    for (const run of runs) {
      const excess = excessOf(rowsOf(rows, run), share);
      if (excess) run.onExcess(excess);
    }
  }

  async function checkDisk(): Promise<void> {
    const free = await freeDiskBytes(stateDirectory);
    measuredAt = Math.max(measuredAt === Number.POSITIVE_INFINITY ? free : measuredAt, free);
    const isLow = free < minFreeBytes;
    if (!isLow && measuredAt - free < Math.min(DISK_STEP_BYTES, share.diskBytes)) return;
    measuredAt = free;
    const added = await Promise.all(
      [...runs].map(async (run) => ({ run, bytes: (await sizeOf(run.directories)) - (await run.before) })),
    );
    for (const { run, bytes } of added) if (bytes > share.diskBytes) run.onExcess({ cause: 'disk_full', limit: share.diskBytes });
    const [most] = added.toSorted((a, b) => b.bytes - a.bytes);
    if (isLow && most && most.bytes > 0) most.run.onExcess({ cause: 'disk_full' });
  }

  async function tick(): Promise<void> {
    try {
      checkProcesses();
      await checkDisk();
    } catch (error) {
      console.error('The use of runs could not be measured.', error);
    }
    isTicking = runs.size > 0;
    if (isTicking) setTimeout(tick, TICK_MS);
  }

  return {
    watch: (watched) => {
      const run = { ...watched, before: sizeOf(watched.directories) };
      if (runs.size === 0) measuredAt = Number.POSITIVE_INFINITY;
      runs.add(run);
      if (!isTicking) setTimeout(tick, TICK_MS);
      isTicking = true;
      return () => void runs.delete(run);
    },
  };
}
