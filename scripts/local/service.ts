import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../src/errors.ts';
import { CommandError } from '../cli/command-error.ts';
import { endProcess, launch, type ServiceSpec } from './launch.ts';
import { logFiles } from './log-files.ts';
import { hasSpace, SPACE_CHECK_MS } from './space.ts';

/** A process that is started again when it ends. */
export interface RunningService {
  /** The URL that it listens on. Rejects if it ends before it is ready. */
  url: Promise<string>;
  /** Ends the process and its descendants. */
  stop: () => Promise<void>;
}

/** Callbacks of a service. */
export interface ServiceListener {
  print: (line: string) => void;
  /** Called once, when the service has ended too often to be started again. */
  onFailure: (error: CommandError) => void;
}

const MAX_STARTS = 5;
const STARTS_WINDOW_MS = 60_000;
/** Starts a service, and starts it again on the same port whenever it ends before `stop`. */
export function startService(spec: ServiceSpec, listener: ServiceListener, openLog = logFiles(listener.print)): RunningService {
  const log = openLog(spec.log);
  let run = launch(spec, spec.port ?? 0, log);
  let isStopping = false;
  const { url } = run;

  const watch = async (port: string) => {
    const starts: number[] = [];
    for (;;) {
      await run.ended;
      if (!isStopping && !(await hasSpace(dirname(spec.log)))) {
        listener.print(`${spec.title} ended and is restarted when the disk has space (log: ${spec.log})`);
        while (!isStopping && !(await hasSpace(dirname(spec.log)))) await sleep(SPACE_CHECK_MS);
      }
      if (isStopping) return;
      const now = Date.now();
      starts.push(now);
      if (starts.filter((start) => now - start < STARTS_WINDOW_MS).length >= MAX_STARTS)
        return listener.onFailure(new CommandError(`${spec.title} ended ${MAX_STARTS} times within a minute. See ${spec.log}.`));
      listener.print(`${spec.title} ended and is restarted (log: ${spec.log})`);
      run = launch(spec, Number(port), log);
      run.url.then(
        () => listener.print(`${spec.title} is ready again`),
        () => {},
      );
    }
  };

  const stop = async () => {
    isStopping = true;
    await endProcess(run);
    log.end();
  };

  const fail = (error: unknown) => listener.onFailure(new CommandError(`${spec.title}: ${messageOf(error)}`));
  url.then(
    (ready) => watch(new URL(ready).port).catch(fail),
    () => {},
  );
  return { url, stop };
}
