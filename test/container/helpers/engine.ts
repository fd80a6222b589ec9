import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { docker } from '../../../scripts/local/docker.ts';

/** The executor's image, which setup.ts builds before any test. */
export const IMAGE = 'llm-cli-gateway-executor:test';

/** A container that runs the executor. */
export interface Box {
  id: string;
  /** Runs a program in it as its user. Gives what it printed; null where it failed. */
  run: (...argv: string[]) => string | null;
  /** As `docker stats` says it: 61.2MiB. */
  memory: () => string;
  /** Every file of it, and the environment and command line of every process in it, that holds a text. */
  holding: (wanted: string) => Promise<string[]>;
}

const PROCESSES = '/proc/[0-9]*/environ /proc/[0-9]*/cmdline';
/** Who has to look where: without more rights than a container has, root reads no environment but its own. */
const SEARCHES = [
  { user: '0', places: `${PROCESSES} /` },
  { user: 'node', places: PROCESSES },
];

/** What is no file, and the CLIs themselves, which only root could change. */
const SKIPPED = ['proc', 'sys', 'dev', 'clis'].map((name) => `--exclude-dir=${name}`).join(' ');

/** The text comes by stdin, so that a search does not find itself. */
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
  const found = await Promise.all(SEARCHES.map(({ user, places }) => grep(id, user, places, wanted)));
  return [...new Set(found.flat())];
}

const boxOf = (id: string): Box => ({
  id,
  run: (...argv) => docker('exec', id, ...argv),
  memory: () => docker('stats', '--no-stream', '--format', '{{.MemUsage}}', id)?.split(' / ')[0] ?? '',
  holding: (wanted) => search(id, wanted),
});

/** The containers of the Runner that run now from an image, newest first. */
export function boxesOf(image: string): Box[] {
  const listed = docker('ps', '--format', '{{.ID}} {{.Names}}') ?? '';
  return listed
    .split('\n')
    .filter((line) => /-Runner-[0-9a-f]+$/.test(line))
    .map((line) => line.split(' ')[0] ?? '')
    .filter((id) => docker('inspect', '--format', '{{.Config.Image}}', id) === image)
    .map(boxOf);
}
