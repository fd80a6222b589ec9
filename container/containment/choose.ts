import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Health } from '../protocol.ts';
import { byBubblewrap } from './bwrap.ts';
import type { Containment, Reach } from './containment.ts';
import { newProcessTag } from './end.ts';
import { unconfined } from './none.ts';
import { spawnPlan } from './spawn.ts';
import { byUser } from './uid.ts';
import { byUnshare } from './unshare.ts';
import { findSystem, type SystemView } from './view.ts';

const PROBE_MAX_MS = 5_000;
const PRIVATE = 0o700;

interface Machine {
  /** Directory of all stored data, which a run must not see. */
  stateDirectory: string;
  view: SystemView;
}

/** Makes each kind of containment, or undefined if this machine lacks its program. */
const MAKERS: Record<Health['containment'], (machine: Machine) => Containment | undefined> = {
  bwrap: ({ view }) => {
    const program = pathOf('bwrap');
    return program === undefined ? undefined : byBubblewrap(program, view);
  },
  unshare: ({ stateDirectory, view }) => {
    const root = join(stateDirectory, 'root');
    mkdirSync(root, { recursive: true, mode: PRIVATE });
    return byUnshare(root, view);
  },
  uid: ({ stateDirectory }) => (process.getuid?.() === 0 ? byUser(stateDirectory) : undefined),
  none: () => unconfined,
};

/**
 * Returns the first of these kinds that works on this machine: it starts a program, which sees its own directory and not a file beside it.
 * Throws if none does.
 */
export async function chooseContainment(kinds: readonly Health['containment'][], stateDirectory: string): Promise<Containment> {
  const machine = { stateDirectory, view: findSystem(stateDirectory) };
  for (const kind of kinds) {
    const containment = MAKERS[kind](machine);
    if (containment !== undefined && (await isConfining(containment, stateDirectory))) return containment;
  }
  throw new Error(
    `Runs cannot be confined by ${kinds.join(' or ')} on this machine. Install bubblewrap, or add none to EXECUTOR_CONTAINMENT.`,
  );
}

/** Path of a program in PATH, or undefined. */
function pathOf(program: string): string | undefined {
  const candidates = (process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, program));
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

async function isConfining(containment: Containment, stateDirectory: string): Promise<boolean> {
  const directory = join(stateDirectory, `probe-${randomUUID()}`);
  const [own, planted] = [join(directory, 'own'), join(directory, 'planted')];
  try {
    await mkdir(own, { recursive: true, mode: PRIVATE });
    await writeFile(planted, '', { mode: 0o600 });
    const isHidden = containment.kind === 'none' ? [] : ['!', '-r', planted, '-a'];
    const reach = { writes: [own], reads: [], cwd: own, base: own };
    await containment.handOver(reach);
    const argv = ['/usr/bin/test', ...isHidden, '-w', own];
    return await succeeds(containment, argv, reach);
  } catch {
    return false;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function succeeds({ confine }: Containment, argv: string[], reach: Reach): Promise<boolean> {
  const { child } = spawnPlan(confine({ tag: newProcessTag(), argv, env: {}, reach }));
  const timer = setTimeout(() => child.kill('SIGKILL'), PROBE_MAX_MS);
  const isZero = await once(child, 'exit').then(
    ([code]) => code === 0,
    () => false,
  );
  clearTimeout(timer);
  return isZero;
}
