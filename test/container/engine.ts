import { docker } from '../../scripts/docker.ts';

/** A container that runs the executor. */
export interface Box {
  id: string;
  /** Runs a program in it as its user. Gives what it printed; null where it failed. */
  run: (...argv: string[]) => string | null;
  /** As `docker stats` says it: 61.2MiB. */
  memory: () => string;
}

const IMAGE = 'cloudflare-dev/runner';

const boxOf = (id: string): Box => ({
  id,
  run: (...argv) => docker('exec', id, ...argv),
  memory: () => docker('stats', '--no-stream', '--format', '{{.MemUsage}}', id)?.split(' / ')[0] ?? '',
});

/** The containers of the Runner that run now, newest first. */
export function boxes(): Box[] {
  const listed = docker('ps', '--format', '{{.ID}} {{.Image}}') ?? '';
  return listed
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([id, image]) => (id && image?.startsWith(IMAGE) ? [boxOf(id)] : []));
}

/** The one container that runs now. */
export function onlyBox(): Box {
  const [box, ...more] = boxes();
  if (!box || more.length > 0) throw new Error(`one container was expected, ${box ? more.length + 1 : 0} run`);
  return box;
}
