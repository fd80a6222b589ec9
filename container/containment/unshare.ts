import type { Containment } from './containment.ts';
import { tagArgument } from './processes.ts';
import { signalInNamespace } from './signal.ts';
import { type Mount, reachMounts, type SystemView, TEMPORARY_BYTES } from './view.ts';

/**
 * Builds the root directory of a run in a new mount namespace, and starts the rest of its arguments there. Arguments: where to build,
 * the working directory, the mounts by appearance and path, "--", the command.
 */
const BUILD = `
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
size=size=${TEMPORARY_BYTES},nosuid,nodev
root=$1 cwd=$2
shift 2
umask 022
mount -t tmpfs -o "$size,mode=755" tmpfs "$root"
place() {
  if [ -d "$1" ]; then mkdir -p "$root$1"; else mkdir -p "$root\${1%/*}"; [ -e "$root$1" ] || : > "$root$1"; fi
}
bound() { place "$1"; mount --bind "$1" "$root$1"; }
closed() { bound "$1"; mount -o remount,bind,ro,nosuid,nodev "$root$1"; }
while [ "$1" != -- ]; do
  case $1 in
    read) closed "$2" ;;
    write) bound "$2" ;;
    empty) place "$2"; mount -t tmpfs -o "$size,mode=755" tmpfs "$root$2" ;;
    shared) mkdir -p "$root$2"; mount -t tmpfs -o "$size,mode=1777" tmpfs "$root$2" ;;
    nothing) place "$2"; mount --bind /dev/null "$root$2"; mount -o remount,bind,ro,nosuid,nodev "$root$2" ;;
    proc) mkdir -p "$root$2"; mount -t proc -o nosuid,nodev,noexec proc "$root$2" ;;
    devices)
      mkdir -p "$root/dev"
      mount -t tmpfs -o "$size,mode=755" tmpfs "$root/dev"
      for name in null zero full random urandom tty; do bound "/dev/$name"; done
      mkdir "$root/dev/pts" "$root/dev/shm"
      mount -t devpts -o newinstance,ptmxmode=0666,mode=620,nosuid,noexec devpts "$root/dev/pts"
      mount -t tmpfs -o "$size,mode=1777" tmpfs "$root/dev/shm"
      ln -s pts/ptmx "$root/dev/ptmx"
      ln -s /proc/self/fd "$root/dev/fd"
      for name in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/\${name%%:*}" "$root/dev/\${name#*:}"; done
      mount -o remount,bind,ro,nosuid "$root/dev" ;;
  esac
  shift 2
done
shift
mkdir "$root/.old"
cd "$root"
pivot_root . .old
cd /
umount -l /.old
rmdir /.old
mount -o remount,bind,ro,nosuid,nodev /
cd "$cwd"
exec "$@"
`;

/** Starts its arguments with the variables of file descriptor 3, one a line, because process 1 would keep its own environment readable. */
const ENTER = 'while IFS= read -r line <&3; do export "$line"; done; exec 3<&-; exec "$@"';

const NAMESPACES = ['--mount', '--pid', '--ipc', '--uts', '--fork', '--kill-child=KILL'];
/** Process 1 of a namespace ignores signals that it does not handle, so `timeout` (without a limit) is process 1, not the CLI. */
const FIRST_PROCESS = ['timeout', '--foreground', '0', 'setsid'];
const WITHOUT_RIGHTS = ['setpriv', '--no-new-privs', '--inh-caps=-all', '--bounding-set=-all', '--'];

const isRoot = () => process.getuid?.() === 0;
const wordsOf = (mounts: Mount[]) => mounts.flat();

/** Confines runs by util-linux in namespaces of their own. `root` is an empty directory, which stays empty. */
export function byUnshare(root: string, { system, proc }: SystemView): Containment {
  const user = isRoot() ? [] : ['--user', '--map-root-user'];
  const start = ['/usr/bin/setpriv', '--pdeathsig', 'KILL', '--', 'unshare', ...user, ...NAMESPACES, '--', 'sh', '-c', BUILD];
  const always = [...wordsOf(system), 'shared', '/tmp', 'proc', '/proc', ...wordsOf(proc), 'devices', '/dev'];
  return {
    kind: 'unshare',
    handOver: async () => {},
    confine: ({ tag, argv, env, reach }) => ({
      argv: [
        ...[...start, tagArgument(tag), root, reach.cwd, ...always, ...wordsOf(reachMounts(reach)), '--'],
        ...[...FIRST_PROCESS, ...WITHOUT_RIGHTS, 'sh', '-c', ENTER, 'sh', ...argv],
      ],
      env: {},
      input3: Object.entries(env)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
      cwd: '/',
    }),
    signal: signalInNamespace,
  };
}
