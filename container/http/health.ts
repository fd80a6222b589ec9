import type { Executor } from '../executor.ts';
import manifest from '../package.json' with { type: 'json' };
import { type Health, PROTOCOL_VERSION } from '../protocol.ts';
import { freeDiskBytes } from '../state/disk.ts';

/** Builds the body of GET /health. */
export async function reportHealth({
  config,
  stateId,
  providers,
  clis,
  containment,
  live,
  quarantined,
}: Executor): Promise<Health> {
  return {
    protocol: PROTOCOL_VERSION,
    state: stateId,
    version: manifest.version,
    clis: Object.fromEntries(Object.keys(providers).map((id) => [id, clis[id]?.version ?? null])),
    running: live.size,
    quarantined: quarantined.size,
    maxRunning: config.maxRunning,
    freeDiskBytes: await freeDiskBytes(config.stateDirectory),
    memoryBytes: process.memoryUsage.rss(),
    containment: containment.kind,
  };
}
