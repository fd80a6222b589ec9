// `npm run connect -- CLIENT`: prints how to connect an MCP client to the gateway.

import { CLIENTS } from './cli/clients.ts';
import { CommandError, reportFailure } from './cli/command-error.ts';
import { parseFlags } from './cli/flags.ts';
import { print } from './cli/print.ts';
import { findToken, TOKEN_HELP } from './local/gateway-token.ts';

const PLACEHOLDER = '<token>';
const FLAGS = {
  url: { type: 'string', default: 'http://127.0.0.1:8787/mcp' },
  token: { type: 'string', default: '' },
  state: { type: 'string', default: '.state' },
} as const;

const usage = () => [
  'npm run connect -- CLIENT [--url URL] [--token TOKEN] [--state DIR]',
  '',
  ...Object.entries(CLIENTS).map(([name, { title }]) => `  ${name.padEnd(16)}${title}`),
  '',
  `${TOKEN_HELP} --token replaces it.`,
];

function mcpUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw new CommandError(
      `--url must be the address of the gateway, such as ${FLAGS.url.default}, not ${JSON.stringify(text)}.`,
    );
  return url.pathname === '/' ? new URL('/mcp', url).href : url.href;
}

function run([name = '--help', ...rest]: string[]) {
  if (name === '--help') return usage().forEach(print);
  const client = CLIENTS[name];
  if (!client) throw new CommandError(`Unknown client ${JSON.stringify(name)}. Known: ${Object.keys(CLIENTS).join(', ')}.`);
  const { url, token, state } = parseFlags(rest, FLAGS);
  client.guide({ url: mcpUrl(url), token: token || findToken(state)?.token || PLACEHOLDER }).forEach(print);
}

try {
  run(process.argv.slice(2));
} catch (error) {
  reportFailure(error);
}
