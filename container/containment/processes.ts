import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Environment variable that carries a run's process tag on systems without the resource limit. */
export const TAG_VARIABLE = 'EXECUTOR_RUN_MARK';

/** A live process. */
export interface ProcessRow {
  pid: number;
  parent: number;
  /** Whether the process belongs to the run with this tag. */
  hasTag: (tag: string) => boolean;
}

/** Lists all visible processes except zombies. */
export function listProcesses(): ProcessRow[] {
  return process.platform === 'linux' ? fromProc() : fromPs();
}

/** Returns the start time of a process, or undefined. It tells the process from an earlier one with the same pid. */
export function startTimeOf(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') return statOf(pid)[19];
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
}

function fromProc(): ProcessRow[] {
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid)) return [];
    try {
      const [state, parent] = statOf(pid);
      return state === 'Z' ? [] : [{ pid, parent: Number(parent), hasTag: (tag: string) => hasTagInProc(pid, tag) }];
    } catch {
      return [];
    }
  });
}

/** Reads the fields of /proc/PID/stat after the name, which may contain spaces and brackets: state, parent, ... */
function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function hasTagInProc(pid: number, tag: string): boolean {
  try {
    const limits = /^Max msgqueue size +(\d+) +(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'));
    if (limits !== null && `${limits[1]}:${limits[2]}` === tag) return true;
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`${TAG_VARIABLE}=${tag}`);
  } catch {
    return false;
  }
}

function fromPs(): ProcessRow[] {
  const table = execFileSync('ps', ['-axEww', '-o', 'pid=,ppid=,stat=,command='], { encoding: 'utf8', maxBuffer: 67_108_864 });
  return table.split('\n').flatMap((row) => {
    const [, pid, parent, stat, command] = /^ *(\d+) +(\d+) +(\S+) (.*)$/.exec(row) ?? [];
    if (command === undefined || stat?.startsWith('Z')) return [];
    const hasTag = (tag: string) => command.includes(`${TAG_VARIABLE}=${tag}`);
    return [{ pid: Number(pid), parent: Number(parent), hasTag }];
  });
}
