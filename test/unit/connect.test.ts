import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { CLIENTS } from '../../scripts/cli/clients.ts';
import { ROOT } from '../../scripts/local/environment.ts';
import { SHELL } from '../helpers/shell.ts';

const PUBLIC = 'https://gateway.example.com/mcp';

async function connect(...args: string[]) {
  const command = [join(ROOT, 'scripts/connect.ts'), ...args];
  return promisify(execFile)(process.execPath, command, { env: SHELL }).catch(
    (error: { stdout: string; stderr: string }) => error,
  );
}

/** The JSON in a guide, if it has any. */
const configuration = (text: string): unknown => JSON.parse(/^\{\n.*^\}$/ms.exec(text)?.[0] ?? 'null');

test.each(Object.keys(CLIENTS))('%s gets the address', async (name) => {
  expect((await connect(name, '--url', PUBLIC)).stdout).toContain(PUBLIC);
});

const configured = [
  ['cursor', { mcpServers: { gateway: { url: PUBLIC, headers: { Authorization: 'Bearer t0ken' } } } }],
  ['vscode', { servers: { gateway: { type: 'http', url: PUBLIC, headers: { Authorization: 'Bearer t0ken' } } } }],
  [
    'mcp-remote',
    {
      mcpServers: {
        gateway: {
          command: 'npx',
          // biome-ignore lint/suspicious/noTemplateCurlyInString: mcp-remote fills it in
          args: ['-y', 'mcp-remote@0.15.1', PUBLIC, '--transport', 'http-only', '--header', 'Authorization:${AUTHORIZATION}'],
          env: { AUTHORIZATION: 'Bearer t0ken' },
        },
      },
    },
  ],
] as const;

test.each(configured)('the configuration of %s is JSON, with the token', async (name, expected) => {
  expect(configuration((await connect(name, '--url', PUBLIC, '--token', 't0ken')).stdout)).toEqual(expected);
});

test.each(['claude.ai', 'chatgpt'])(
  '%s signs in: no token is shown, and a gateway on this machine is out of its reach',
  async (name) => {
    const { stdout } = await connect(name, '--token', 't0ken');
    expect(stdout).not.toContain('t0ken');
    expect(stdout).toContain('deploy the gateway');
  },
);

test('an address without a path is the one of /mcp', async () => {
  expect((await connect('claude.ai', '--url', 'https://gateway.example.com')).stdout).toContain(PUBLIC);
});

test.each([
  ['an unknown client', ['emacs'], /^Unknown client "emacs"\. Known: claude\.ai, claude-code, .*\.$/],
  ['a URL that is not valid', ['cursor', '--url', 'gateway'], /^--url must be the address .* not "gateway"\.$/],
  ['an unknown flag', ['cursor', '--ulr', 'x'], /^Unknown option '--ulr'\. Known flags: --url, --token, --state, --help\.$/],
])('%s is refused in one line', async (_what, args, line) => {
  const { stdout, stderr } = await connect(...args);
  expect({ stdout, stderr: stderr.trimEnd() }).toEqual({ stdout: '', stderr: expect.stringMatching(line) });
});
