import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { providers } from '../../../container/providers/index.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** Words that tell a provider: its id, and the name of its service in its settings. */
const words = Object.values(providers).flatMap(({ id, service }) => [id, service.urlSetting.split('_')[0] ?? '']);
const NAME = new RegExp(words.join('|'), 'i');

/** MCP clients that share a name with a provider. */
const CLIENT = /Claude\.ai|Claude Desktop|Claude Code(?=[:,]| lets| writes)|claude mcp add|anthropic\/maxResultSizeChars/g;
const EXCEPT = [
  'container/providers/**',
  'container/.bin/**',
  'container/node_modules/**',
  // Names the packages, as npm wants it.
  'container/package.json',
  // The model endpoint imitates the services.
  'scripts/model-server/**',
  // Tables of MCP clients.
  'scripts/cli/{clients,doc-tables}.ts',
  // An example of a policy for one tool.
  'src/policy/README.md',
];

test('no file outside a provider names it', () => {
  const files = globSync('{src,container,scripts}/**/*.*', { cwd: ROOT, exclude: EXCEPT });
  files.push('container/Dockerfile');
  const naming = files.filter((file) => NAME.test(readFileSync(join(ROOT, file), 'utf8').replace(CLIENT, '')));
  expect(files.length).toBeGreaterThan(100);
  expect(naming).toEqual([]);
});
