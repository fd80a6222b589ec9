import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Environment variable that carries a run's process tag where runs are not confined. */
export const TAG_VARIABLE = 'EXECUTOR_RUN_MARK';

/** Argument with a run's process tag, of a process outside its namespace. */
export const tagArgument = (tag: string): string => `run-${tag}`;

/** A live process. */
export interface ProcessRow {
  pid: number;
  parent: number;
  /** Supplementary groups; empty where the system does not tell. */
  groups: string[];
  /** Memory that only this process holds, in bytes; 0 where the system does not tell. */
  memoryBytes: number;
  /** Whether the process belongs to the run with this tag: by its group, or by an argument or a variable. */
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

const MEMORY = [/^RssAnon:\s*(\d+)/m, /^RssShmem:\s*(\d+)/m];

function fromProc(): ProcessRow[] {
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid)) return [];
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      const parent = Number(/^PPid:\t(\d+)$/m.exec(status)?.[1]);
      const groups = /^Groups:\t(.*)$/m.exec(status)?.[1]?.split(' ') ?? [];
      const hasTag = (tag: string) => groups.includes(tag) || hasTagInProc(pid, tag);
      const memoryBytes = MEMORY.reduce((sum, pattern) => sum + Number(pattern.exec(status)?.[1] ?? 0), 0) * 1_024;
      return /^State:\t[ZX]/m.test(status) ? [] : [{ pid, parent, groups, memoryBytes, hasTag }];
    } catch {
      return [];
    }
  });
}

/** The process group of a process of this Linux machine, or undefined. */
export function groupOf(pid: number): number | undefined {
  try {
    return Number(statOf(pid)[2]);
  } catch {
    return undefined;
  }
}

/** Reads the fields of /proc/PID/stat after the name, which may contain spaces and brackets: state, parent, group, ... */
function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function hasTagInProc(pid: number, tag: string): boolean {
  const has = (file: string, text: string) => readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\0').includes(text);
  try {
    return has('cmdline', tagArgument(tag)) || has('environ', `${TAG_VARIABLE}=${tag}`);
  } catch {
    return false;
  }
}

function fromPs(): ProcessRow[] {
  const table = execFileSync('ps', ['-axEww', '-o', 'pid=,ppid=,stat=,rss=,command='], {
    encoding: 'utf8',
    maxBuffer: 67_108_864,
  });
  return table.split('\n').flatMap((row) => {
    const [, pid, parent, stat, kilobytes, command] = /^ *(\d+) +(\d+) +(\S+) +(\d+) (.*)$/.exec(row) ?? [];
    if (command === undefined || stat?.startsWith('Z')) return [];
    const hasTag = (tag: string) => command.includes(`${TAG_VARIABLE}=${tag}`);
    return [{ pid: Number(pid), parent: Number(parent), groups: [], memoryBytes: Number(kilobytes) * 1_024, hasTag }];
  });
}
