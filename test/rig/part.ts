import { createWriteStream } from 'node:fs';
import { endProcess, type LaunchedProcess, launch, type ServiceSpec, signalGroup } from '../../scripts/local/launch.ts';

/** A part of the gateway that can be killed and started again on the same port. */
export interface Part {
  url: () => string;
  pid: () => number;
  start: () => Promise<void>;
  /** Sends a signal that does not end it. */
  signal: (signal: 'SIGSTOP' | 'SIGCONT' | 'SIGUSR2') => void;
  /** Sends a signal and waits for the end. */
  end: (signal: 'SIGKILL' | 'SIGTERM') => Promise<void>;
}

/** Describes a part; does not start it. */
export function partOf(spec: ServiceSpec): Part {
  const log = createWriteStream(spec.log, { flags: 'a', mode: 0o600 });
  let run: LaunchedProcess | undefined;
  let url = '';
  return {
    url: () => url,
    pid: () => run?.child.pid ?? 0,
    start: async () => {
      run = launch(spec, url ? Number(new URL(url).port) : 0, log);
      url = await run.url;
    },
    signal: (signal) => {
      if (run) signalGroup(run.child, signal);
    },
    end: async (signal) => {
      if (!run) return;
      if (signal === 'SIGTERM') return endProcess(run);
      signalGroup(run.child, signal);
      await run.ended;
    },
  };
}
