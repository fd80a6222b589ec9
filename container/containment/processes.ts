import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Variable that marks a run's processes where the resource limit cannot. */
export const MARK_VARIABLE = 'EXECUTOR_RUN_MARK';

/** A live process. */
export interface ProcessRow {
  pid: number;
  parent: number;
  /** Whether it was started, by whatever detours, in the run with this mark. */
  carries: (mark: string) => boolean;
}

/** All processes that this one can see, zombies left out. */
export function listProcesses(): ProcessRow[] {
  return process.platform === 'linux' ? fromProc() : fromPs();
}

/** What tells a process from an earlier one with the same pid; undefined when there is none. */
export function startOf(pid: number): string | undefined {
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
      return state === 'Z' ? [] : [{ pid, parent: Number(parent), carries: (mark: string) => carriesInProc(pid, mark) }];
    } catch {
      return [];
    }
  });
}

/** The fields of /proc/PID/stat after the name, which may itself hold spaces and brackets: state, parent, ... */
function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function carriesInProc(pid: number, mark: string): boolean {
  try {
    const limits = /^Max msgqueue size +(\d+) +(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'));
    if (limits !== null && `${limits[1]}:${limits[2]}` === mark) return true;
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`${MARK_VARIABLE}=${mark}`);
  } catch {
    return false;
  }
}

function fromPs(): ProcessRow[] {
  const table = execFileSync('ps', ['-axEww', '-o', 'pid=,ppid=,stat=,command='], { encoding: 'utf8', maxBuffer: 67_108_864 });
  return table.split('\n').flatMap((row) => {
    const [, pid, parent, stat, command] = /^ *(\d+) +(\d+) +(\S+) (.*)$/.exec(row) ?? [];
    if (command === undefined || stat?.startsWith('Z')) return [];
    const carries = (mark: string) => command.includes(`${MARK_VARIABLE}=${mark}`);
    return [{ pid: Number(pid), parent: Number(parent), carries }];
  });
}
