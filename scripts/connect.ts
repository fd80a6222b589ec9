// `npm run connect -- CLIENT`: the exact configuration of a client.
import { say } from './cli/banner.ts';
import { CLIENTS } from './cli/clients.ts';
import { parseFlags } from './cli/flags.ts';
import { Refusal, reportFailure } from './cli/refusal.ts';
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

function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw new Refusal(`--url must be the address of the gateway, such as ${FLAGS.url.default}, not ${JSON.stringify(text)}.`);
  return url.pathname === '/' ? new URL('/mcp', url).href : url.href;
}

function run([name = '--help', ...rest]: string[]) {
  if (name === '--help') return usage().forEach(say);
  const client = CLIENTS[name];
  if (!client) throw new Refusal(`No client is named ${JSON.stringify(name)}. Known: ${Object.keys(CLIENTS).join(', ')}.`);
  const { url, token, state } = parseFlags(rest, FLAGS);
  client.guide({ url: checkedUrl(url), token: token || findToken(state)?.token || PLACEHOLDER }).forEach(say);
}

try {
  run(process.argv.slice(2));
} catch (error) {
  reportFailure(error);
}
