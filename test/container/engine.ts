import { spawnSync } from 'node:child_process';
import { docker } from '../../scripts/docker.ts';

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
  holding: (text: string) => string[];
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
function search(id: string, text: string): string[] {
  const found = SEARCHES.flatMap(({ user, places }) => {
    const grep = `grep -rlaFs -f - ${SKIPPED} ${places}; true`;
    const argv = ['exec', '--interactive', '--user', user, id, 'sh', '-c', grep];
    const { status, stdout } = spawnSync(process.env.WRANGLER_DOCKER_BIN ?? 'docker', argv, { input: text, encoding: 'utf8' });
    if (status !== 0) throw new Error(`container ${id} could not be searched`);
    return stdout.split('\n').filter(Boolean);
  });
  return [...new Set(found)];
}

const boxOf = (id: string): Box => ({
  id,
  run: (...argv) => docker('exec', id, ...argv),
  memory: () => docker('stats', '--no-stream', '--format', '{{.MemUsage}}', id)?.split(' / ')[0] ?? '',
  holding: (text) => search(id, text),
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
