import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { chmod, lstat } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import { promisify } from 'node:util';
import type { Containment, Reach } from './containment.ts';
import { sendSignal } from './signal.ts';

/** Range of the user ids of workspaces and conversations. The owner of the directory is the only record of an id. */
const USERS = { from: 1_048_576, to: 1_073_741_823 };
/** Mode of a directory above those of a run: it may pass, and see no name. */
const PASSABLE = 0o711;

const WITHOUT_RIGHTS = ['--no-new-privs', '--inh-caps=-all', '--bounding-set=-all', '--pdeathsig', 'KILL'];

/** The directories above a path, up to the state directory. */
function above(path: string, stateDirectory: string): string[] {
  const parent = dirname(path);
  return parent.startsWith(`${stateDirectory}${sep}`) ? [parent, ...above(parent, stateDirectory)] : [stateDirectory];
}

/**
 * Confines runs by a user of their own, where the executor is root: one user for each workspace or conversation, and a group for each
 * run, whose id is its tag. A process cannot leave the group, so all of a run's are found by it.
 */
export function byUser(stateDirectory: string): Containment {
  async function handOver({ writes, base }: Reach): Promise<void> {
    const { uid: owner } = await lstat(base);
    const isKnown = owner >= USERS.from;
    const uid = isKnown ? owner : randomInt(USERS.from, USERS.to);
    const given = writes.filter((path) => path !== base || !isKnown);
    await promisify(execFile)('chown', ['--recursive', '--no-dereference', `${uid}:${uid}`, '--', ...given]);
    for (const path of new Set(writes.flatMap((path) => above(path, stateDirectory)))) await chmod(path, PASSABLE);
  }
  return {
    kind: 'uid',
    handOver,
    confine: ({ tag, argv, env, reach: { cwd, base } }) => {
      const user = String(lstatSync(base).uid);
      const identity = ['--reuid', user, '--regid', user, '--groups', tag];
      // The working directory is entered as that user, because a run may have replaced it by a link.
      return {
        argv: ['/usr/bin/setpriv', ...identity, ...WITHOUT_RIGHTS, '--', '/usr/bin/env', `--chdir=${cwd}`, ...argv],
        env,
        cwd: '/',
      };
    },
    signal: (pid, signal) => void sendSignal(-pid, signal),
  };
}
