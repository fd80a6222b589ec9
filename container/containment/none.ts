import type { Containment } from './containment.ts';
import { TAG_VARIABLE } from './processes.ts';
import { sendSignal } from './signal.ts';

/** Confines nothing: a run is a plain process of this user, and its processes are found by a variable that they may drop. */
export const unconfined: Containment = {
  kind: 'none',
  handOver: async () => {},
  confine: ({ tag, argv, env, reach: { cwd } }) => ({ argv, env: { ...env, [TAG_VARIABLE]: tag }, cwd }),
  signal: (pid, signal) => void sendSignal(-pid, signal),
};
