import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { docker } from '../../../scripts/local/docker.ts';

/** The executor's image. `setup.ts` builds it before any test. */
export const IMAGE = 'llm-cli-gateway-executor:test';

/** A container that runs the executor. */
export interface Box {
  id: string;
  /** Runs a program in the container as root. Returns the output, or null if the program failed. */
  run: (...argv: string[]) => string | null;
  /** Memory in the form of `docker stats`: 61.2MiB. */
  memory: () => string;
  /** Finds files of the container, and environments and command lines of its processes, that hold a text. */
  holding: (wanted: string) => Promise<string[]>;
}

const PROCESSES = '/proc/[0-9]*/environ /proc/[0-9]*/cmdline';
/** Users other than root that have processes. Each searches its own, because root cannot read those of others without extra capabilities. */
const usersIn = (id: string) =>
  (docker('exec', id, 'sh', '-c', 'stat -c %u /proc/[0-9]* | sort -u') ?? '')
    .split('\n')
    .filter((user) => user !== '' && user !== '0');

/** Excludes special files, and the CLIs, which only root could change. */
const SKIPPED = ['proc', 'sys', 'dev', 'clis'].map((name) => `--exclude-dir=${name}`).join(' ');

/** Searches for a text, which is passed on stdin so that the search does not find itself. */
async function grep(id: string, user: string, places: string, wanted: string): Promise<string[]> {
  const script = `grep -rlaFs -f - ${SKIPPED} ${places}; true`;
  const argv = ['exec', '--interactive', '--user', user, id, 'sh', '-c', script];
  const child = spawn(process.env.WRANGLER_DOCKER_BIN ?? 'docker', argv, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(wanted);
  const [found, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (code !== 0) throw new Error(`container ${id} could not be searched`);
  return found.split('\n').filter(Boolean);
}

async function search(id: string, wanted: string): Promise<string[]> {
  const own = usersIn(id).map((user) => grep(id, user, PROCESSES, wanted));
  const found = await Promise.all([grep(id, '0', `${PROCESSES} /`, wanted), ...own]);
  return [...new Set(found.flat())];
}

const boxOf = (id: string): Box => ({
  id,
  run: (...argv) => docker('exec', id, ...argv),
  memory: () => docker('stats', '--no-stream', '--format', '{{.MemUsage}}', id)?.split(' / ')[0] ?? '',
  holding: (wanted) => search(id, wanted),
});

/** Lists the Runner's running containers of an image, newest first. */
export function boxesOf(image: string): Box[] {
  const listed = docker('ps', '--format', '{{.ID}} {{.Names}}') ?? '';
  return listed
    .split('\n')
    .filter((line) => /-Runner-[0-9a-f]+$/.test(line))
    .map((line) => line.split(' ')[0] ?? '')
    .filter((id) => docker('inspect', '--format', '{{.Config.Image}}', id) === image)
    .map(boxOf);
}
