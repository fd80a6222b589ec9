import type { Containment } from './containment.ts';
import { tagArgument } from './processes.ts';
import { signalInNamespace } from './signal.ts';
import { type Mount, reachMounts, type SystemView, TEMPORARY_BYTES } from './view.ts';

const ANY_USER = '1777';
const temporary = (perms: string, path: string) => ['--perms', perms, '--size', String(TEMPORARY_BYTES), '--tmpfs', path];

/** Arguments of bubblewrap for each appearance. */
const ARGUMENTS = {
  read: (path: string) => ['--ro-bind', path, path],
  write: (path: string) => ['--bind', path, path],
  empty: (path: string) => temporary('0755', path),
  nothing: (path: string) => ['--ro-bind', '/dev/null', path],
};
const argumentsOf = (mounts: Mount[]) => mounts.flatMap(([appearance, path]) => ARGUMENTS[appearance](path));

const NAMESPACES = ['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--die-with-parent', '--new-session'];

/** Confines runs by bubblewrap, whose path is `program`, in namespaces of their own. */
export function byBubblewrap(program: string, { system, proc }: SystemView): Containment {
  const first = [program, ...NAMESPACES, '--cap-drop', 'ALL', ...argumentsOf(system), ...temporary(ANY_USER, '/tmp')];
  const devices = ['--dev', '/dev', ...temporary(ANY_USER, '/dev/shm'), '--remount-ro', '/dev'];
  const always = [...first, '--proc', '/proc', ...argumentsOf(proc), ...devices];
  return {
    kind: 'bwrap',
    handOver: async () => {},
    confine: ({ tag, argv, env, reach }) => ({
      argv: [
        ...always,
        ...argumentsOf(reachMounts(reach)),
        ...['--remount-ro', '/', '--hostname', tagArgument(tag), '--chdir', reach.cwd, '--args', '3', '--', ...argv],
      ],
      // Process 1 of the namespace keeps the environment of bubblewrap, and its arguments are visible on the whole machine.
      env: {},
      input3: Object.entries(env)
        .flatMap(([name, value]) => ['--setenv', name, value])
        .join('\0'),
      cwd: '/',
    }),
    signal: signalInNamespace,
  };
}
