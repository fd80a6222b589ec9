import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { providers } from '../../container/providers/index.ts';
import { keySettings } from '../../src/gate/upstreams.ts';
import { TOKEN_HELP } from '../local/gateway-token.ts';
import { CommandError } from './command-error.ts';

const FLAGS = {
  port: { type: 'string', default: '8787' },
  state: { type: 'string', default: '.state' },
  offline: { type: 'boolean', default: false },
  containers: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const keys = Object.values(providers).map((provider) => `${keySettings(provider).join(' or ')} for ${provider.title}`);

/** What `npm start -- --help` prints. */
export const HELP = `npm start -- [--port PORT] [--state DIR] [--offline] [--containers]

Runs the gateway on this machine.

  --port PORT   port on 127.0.0.1 (${FLAGS.port.default}); 0 takes a free one
  --state DIR   directory for jobs, sessions, workspaces and logs (${FLAGS.state.default})
  --offline     the bundled model endpoint answers: no model is called, nothing is spent
  --containers  the CLIs run in containers, as they do on Cloudflare; needs Docker

.dev.vars holds the provider keys: ${keys.join(', ')}.
Without any, the gateway runs offline. ${TOKEN_HELP}`;

function refuse(options: ParseArgsOptionsConfig, error: unknown): never {
  const [why] = (error instanceof Error ? error.message : String(error)).split('. ');
  const known = Object.keys(options).map((name) => `--${name}`);
  throw new CommandError(`${why}. Known flags: ${known.join(', ')}.`);
}

/** Parses flags; refuses unknown ones and positional arguments in one line. */
export function parseFlags<const T extends ParseArgsOptionsConfig>(args: string[], options: T) {
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    return refuse(options, error);
  }
}

/** The same with a command and its argument before or among the flags. */
export function parseCommand<const T extends ParseArgsOptionsConfig>(args: string[], options: T) {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    return refuse(options, error);
  }
}

/** The command line of `npm start`. */
export function parseStartFlags(args: string[]) {
  const { port, state, offline, containers, help } = parseFlags(args, FLAGS);
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new CommandError(`--port must be a number from 0 to 65535, not ${JSON.stringify(port)}.`);
  if (!state) throw new CommandError('--state must name a directory, not "".');
  return { port: Number(port), state, offline, containers, help };
}
