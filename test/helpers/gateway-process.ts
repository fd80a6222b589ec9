import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { SHELL } from './shell.ts';

/** Creates a directory that is removed after the test. */
export function scratchDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'gateway-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Runs the script of `npm start` with the environment of `shell.ts` and `env`. */
export function spawnStart(args: string[], env: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, ['scripts/start.ts', ...args], {
    env: { ...SHELL, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(async () => {
    if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit');
  });
  return child;
}

/** Waits for the end of a command and returns its output and exit code. */
export async function outcomeOf(child: ChildProcess) {
  if (!child.stdout || !child.stderr) throw new Error('not piped');
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { stdout, stderr, code };
}

/** Reads a running gateway's output. `line` resolves with the first line that matches and was not yet returned. */
export function reader(child: ChildProcess) {
  if (!child.stdout) throw new Error('not piped');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (pattern: RegExp): Promise<RegExpMatchArray> => {
    for (;;) {
      const { done, value } = await lines.next();
      if (done) throw new Error(`The gateway ended before it printed ${pattern}`);
      const match = String(value).match(pattern);
      if (match) return match;
    }
  };
  return { line };
}

export interface ProcessRow {
  pid: number;
  parent: number;
  args: string;
}

/** Lists all processes of this machine except zombies. */
export function processTable(): ProcessRow[] {
  const rows = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' }).split('\n');
  return rows.flatMap((row) => {
    const [, pid = '', parent = '', stat = '', args = ''] = row.match(/^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/) ?? [];
    return pid && !stat.startsWith('Z') ? [{ pid: Number(pid), parent: Number(parent), args }] : [];
  });
}

/** Lists the descendants of a process. */
export function descendants(pid: number | undefined, table = processTable()): ProcessRow[] {
  return table.filter((row) => row.parent === pid).flatMap((row) => [row, ...descendants(row.pid, table)]);
}
