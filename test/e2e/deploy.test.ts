import { expect, test } from 'vitest';
import { deployDry } from '../helpers/deploy.ts';
import { scratchDirectory } from '../helpers/gateway-process.ts';
import { writeConfig } from '../helpers/wrangler-config.ts';

const NO_DOCKER = { WRANGLER_DOCKER_BIN: '/bin/false' };
const KV = '[[kv_namespaces]]\nbinding = "OAUTH_KV"\n';

test('without Docker a dry run checks configuration and bundle, reports what it could not check, and names the secrets', async () => {
  const { stdout, stderr, code } = await deployDry([], NO_DOCKER);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.split('\n').slice(0, 2)).toEqual([
    'ok  configuration and bundle',
    '--  image: not built, because no Docker engine answers to "docker info"; a deploy needs one',
  ]);
  for (const name of ['OWNER_PASSPHRASE_HASH', 'ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN', 'XAI_API_KEY', 'GATEWAY_TOKEN'])
    expect(stdout).toContain(`  ${name}`);
});

const broken: [what: string, change: (text: string) => string, complaint: RegExp][] = [
  [
    'text that is not TOML',
    (text) => `${text}\nname = `,
    /cannot be deployed: Invalid TOML document: .*wrangler\.toml:\d+:\d+:$/,
  ],
  [
    'an unknown size',
    (text) => text.replace('"standard-1"', '"huge"'),
    /cannot be deployed: Expected .*instance_type.* got "huge"/,
  ],
  ['an unknown class', (text) => text.replace('"Access"', '"Axes"'), /cannot be deployed: .*not exported.*: Axes\./],
  ['a missing binding', (text) => text.replace(KV, ''), /lacks bindings of the Worker: OAUTH_KV\. Restore them/],
  [
    'a wrong setting',
    (text) => text.replace('[vars]', '[vars]\nRETENTION_DAYS = "many"'),
    /cannot be deployed: Wrong settings\. RETENTION_DAYS: .*expected number/,
  ],
];

test.each(broken)('a wrangler.toml with %s is refused in one line', async (_what, change, complaint) => {
  const directory = scratchDirectory();
  const { stdout, stderr, code } = await deployDry(['--config', writeConfig(directory, change)], NO_DOCKER);
  expect(stderr.trimEnd()).toMatch(complaint);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(stderr).toContain(directory);
  expect({ stdout, code }).toEqual({ stdout: '', code: 1 });
});
