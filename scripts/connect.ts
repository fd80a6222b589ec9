// `npm run connect -- CLIENT`: prints how to connect an MCP client to the gateway.

import { CLIENTS } from './cli/clients.ts';
import { CommandError, reportFailure } from './cli/command-error.ts';
import { parseCommand } from './cli/flags.ts';
import { print } from './cli/print.ts';
import { findToken, TOKEN_HELP } from './local/gateway-token.ts';
import { gatewayUrl, runningUrl, URL_HELP } from './local/gateway-url.ts';

const PLACEHOLDER = '<token>';
const FLAGS = {
  url: { type: 'string' },
  token: { type: 'string', default: '' },
  state: { type: 'string', default: '.state' },
} as const;

const HELP = [
  'npm run connect -- CLIENT [--url URL] [--token TOKEN] [--state DIR]',
  '',
  ...Object.entries(CLIENTS).map(([name, { title }]) => `  ${name.padEnd(16)}${title}`),
  '',
  URL_HELP,
  `${TOKEN_HELP} --token replaces it.`,
].join('\n');

function mcpUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw new CommandError(
      `--url must be the address of the gateway, such as http://127.0.0.1:8787/mcp, not ${JSON.stringify(text)}.`,
    );
  return url.pathname === '/' ? new URL('/mcp', url).href : url.href;
}

function run() {
  const { values, positionals } = parseCommand(HELP, FLAGS);
  const [name, extra] = positionals;
  if (name === undefined) return print(HELP);
  const client = CLIENTS[name];
  if (!client) throw new CommandError(`Unknown client ${JSON.stringify(name)}. Known: ${Object.keys(CLIENTS).join(', ')}.`);
  if (extra !== undefined) throw new CommandError(`Unexpected argument ${JSON.stringify(extra)}. Name one client.`);
  const { url, token, state } = values;
  client.guide({ url: mcpUrl(gatewayUrl(state, url)), token: token || findToken(state)?.token || PLACEHOLDER }).forEach(print);
  if (url === undefined && runningUrl(state) === undefined)
    console.error(`No gateway runs on ${state}, so this is the default address. Start one, or name its --state or --url.`);
}

try {
  run();
} catch (error) {
  reportFailure(error);
}
