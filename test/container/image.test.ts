import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { print } from '../../scripts/cli/print.ts';
import { docker, dockerEnvironment } from '../../scripts/local/docker.ts';
import { ROOT } from '../../scripts/local/environment.ts';
import { deployDry } from '../helpers/deploy.ts';
import { IMAGE } from './helpers/engine.ts';

const BASE = 'node:22-bookworm-slim';
const MAX_BYTES = 800e6;

/** Only programs are this large. */
const PROGRAMS = 'find / -xdev -type f -size +20000k';
/** Finds caches of npm and apt, and files in home directories other than the shell's settings. */
const CACHES = `find / -xdev \\( -name .npm -o -name _cacache -o -path "*/node_modules/npm" -o -name "*.deb" -o -name "*.tgz" \\);
  find /var/lib/apt/lists /var/cache/apt /root /home -type f -not -name ".bash*" -not -name .profile`;

const BUILDERS = [
  { name: "Docker's classic builder", kit: '0', tag: `${IMAGE}-classic` },
  { name: 'BuildKit', kit: '1', tag: `${IMAGE}-buildkit` },
];

/** All docker commands of this machine. Newer ones need BuildKit as a plugin, older ones include it. */
const clients = (process.env.PATH ?? '')
  .split(delimiter)
  .map((directory) => join(directory, 'docker'))
  .filter((file) => existsSync(file));

const build = (client: string, kit: string, args: string[], input = '') =>
  spawnSync(client, ['build', ...args], { input, env: { ...process.env, DOCKER_BUILDKIT: kit }, encoding: 'utf8' });

/** Finds a docker command that can build with a builder. */
const clientFor = (kit: string) => clients.find((client) => build(client, kit, ['--quiet', '-'], `FROM ${IMAGE}`).status === 0);

/** Runs a script in an image as root and returns its output, sorted by line. */
function inside(image: string, script: string): string[] {
  const { stdout } = spawnSync('docker', ['run', '--rm', '--user', '0', '--entrypoint', 'sh', image, '-c', script], {
    encoding: 'utf8',
  });
  return stdout.split('\n').filter(Boolean).sort();
}

describe.each(BUILDERS)('$name', ({ kit, tag, name }) => {
  const client = clientFor(kit) ?? '';
  if (!client) console.warn(`${name}: skipped, because no docker command on this machine supports it`);

  test.skipIf(!client)('builds the image under 800 MB, with one copy of each program and no package cache', () => {
    const { status, stderr } = build(client, kit, ['--tag', tag, '--file', join(ROOT, 'container/Dockerfile'), ROOT]);
    expect(status, stderr).toBe(0);
    const bytes = Number(docker('image', 'inspect', '--format', '{{.Size}}', tag));
    print(`${name}: image ${Math.round(bytes / 1e6)} MB`);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(MAX_BYTES);
    expect(inside(tag, PROGRAMS)).toEqual(['/opt/clis/claude', '/opt/clis/grok', '/usr/local/bin/node']);
    expect(inside(tag, CACHES)).toEqual([]);
  });
});

test('the search for caches finds those of the base image', () => {
  expect(inside(BASE, CACHES)).toContain('/usr/local/lib/node_modules/npm');
});

test('a dry run of the deploy builds the image', async () => {
  const { stdout, stderr, code } = await deployDry([], dockerEnvironment());
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/^ok {2}configuration and bundle$[\s\S]*^ok {2}image$/m);
});
