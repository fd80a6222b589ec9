import { errnoOf } from '../errors.ts';
import { groupOf, listProcesses } from './processes.ts';

/** Sends a signal to a process, or to a group if negative. Returns false if there is no such process or group. */
export function sendSignal(target: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(target, signal);
  } catch (error) {
    if (errnoOf(error) === 'ESRCH' || errnoOf(error) === 'EPERM') return false;
    throw error;
  }
}

/** Sends a signal to the group of a CLI that is the child of the first process of a namespace, which `pid` started. */
export function signalInNamespace(pid: number, signal: NodeJS.Signals): void {
  const rows = listProcesses();
  const first = rows.find(({ parent }) => parent === pid);
  const cli = rows.find(({ parent }) => parent === first?.pid);
  const group = cli && groupOf(cli.pid);
  // Without a child, the namespace is still being made and the CLI has not started.
  if (group === undefined || !sendSignal(-group, signal)) sendSignal(pid, 'SIGKILL');
}
