import { createWriteStream } from 'node:fs';
import { Refusal } from '../cli/refusal.ts';
import { endRun, launch, type ServiceSpec } from './launch.ts';

/** A process that is kept up. */
export interface Service {
  /** Where it listens. Rejects when it ends before it is ready. */
  url: Promise<string>;
  /** Ends it and what it started. */
  stop: () => Promise<void>;
}

/** What the gateway is told of a service. */
export interface Report {
  say: (line: string) => void;
  /** It ends again and again. */
  giveUp: (refusal: Refusal) => void;
}

const MOST_STARTS = 5;
const STARTS_WINDOW_MS = 60_000;

/** Starts a service and starts it again, on the same port, when it ends by itself. */
export function startService(spec: ServiceSpec, report: Report): Service {
  const log = createWriteStream(spec.log, { mode: 0o600 });
  let run = launch(spec, 0, log);
  let isStopping = false;
  const { url } = run;

  const watch = async () => {
    const { port } = new URL(await url);
    const starts: number[] = [];
    for (;;) {
      await run.ended;
      if (isStopping) return;
      const now = Date.now();
      starts.push(now);
      if (starts.filter((start) => now - start < STARTS_WINDOW_MS).length >= MOST_STARTS)
        return report.giveUp(new Refusal(`${spec.title} ended ${MOST_STARTS} times within a minute: see ${spec.log}`));
      report.say(`${spec.title} ended and is started again (log: ${spec.log})`);
      run = launch(spec, Number(port), log);
      run.url.then(
        () => report.say(`${spec.title} is back`),
        () => {},
      );
    }
  };

  const stop = async () => {
    isStopping = true;
    await endRun(run);
    log.end();
  };

  watch().catch(() => {});
  return { url, stop };
}
