import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Event } from '../../container/protocol.ts';

/** Output in a run's log, by stream. */
export interface Spooled {
  stdout: string;
  stderr: string;
}

const optional = <T>(read: () => T, missing: T): T => {
  try {
    return read();
  } catch {
    return missing;
  }
};

function eventsOf(directory: string): Event[] {
  const names = optional(() => readdirSync(directory), [])
    .filter((name) => name.endsWith('.ndjson'))
    .sort();
  const lines = names.flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n').slice(0, -1));
  return lines.map((line) => Event.parse(JSON.parse(line)));
}

/** Reads the logs of runs that had not ended when their executor was killed, by run id. */
export function readSpools(executorState: string): Map<string, Spooled> {
  const runs = optional(() => readdirSync(join(executorState, 'runs')), []);
  const open = new Map<string, Spooled>();
  for (const id of runs) {
    const events = eventsOf(join(executorState, 'runs', id, 'spool'));
    if (events.length === 0 || events.at(-1)?.kind === 'exit') continue;
    const textOf = (stream: 'stdout' | 'stderr') =>
      events.map(({ line }) => (line?.stream === stream ? line.text + (line.end ? '\n' : '') : '')).join('');
    open.set(id, { stdout: textOf('stdout'), stderr: textOf('stderr') });
  }
  return open;
}

/** Number of scratch directories of runs that still exist, and of quarantined runs. */
export function leftDirectories(executorState: string): number {
  const runs = optional(() => readdirSync(join(executorState, 'runs')), []);
  const scratch = runs.filter((id) => existsSync(join(executorState, 'runs', id, 'tmp')));
  return scratch.length + optional(() => readdirSync(join(executorState, 'quarantine')), []).length;
}
