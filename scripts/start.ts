// `npm start`: runs the gateway on this machine.
import { providers } from '../container/providers/index.ts';
import { keySettings } from '../src/gate/upstreams.ts';
import { CommandError, reportFailure } from './cli/command-error.ts';
import { parseFlags } from './cli/flags.ts';
import { print, printReady } from './cli/print.ts';
import { type Gateway, startGateway } from './local/gateway.ts';
import { TOKEN_HELP } from './local/gateway-token.ts';
import { abortOnSignal } from './local/signals.ts';

const FLAGS = {
  port: { type: 'string', default: '8787' },
  state: { type: 'string', default: '.state' },
  offline: { type: 'boolean', default: false },
  containers: { type: 'boolean', default: false },
} as const;

const keys = Object.values(providers).map((provider) => `${keySettings(provider).join(' or ')} for ${provider.title}`);

const HELP = `npm start -- [--port PORT] [--state DIR] [--offline] [--containers]

Runs the gateway on this machine.

  --port PORT   port on 127.0.0.1 (${FLAGS.port.default}); 0 selects a free one
  --state DIR   directory for jobs, sessions, workspaces and logs (${FLAGS.state.default})
  --offline     use the bundled model endpoint: no model is called, nothing is spent
  --containers  run the CLIs in containers, as on Cloudflare; needs Docker

Provider keys are read from .dev.vars: ${keys.join(', ')}.
Without any of them the gateway runs offline.
${TOKEN_HELP}`;

function parseOptions() {
  const { port, ...options } = parseFlags(HELP, FLAGS);
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new CommandError(`--port must be a number from 0 to 65535, not ${JSON.stringify(port)}.`);
  if (!options.state) throw new CommandError('--state must name a directory, not "".');
  return { ...options, port: Number(port) };
}

function connectLines({ url, settings }: Gateway) {
  const bearer = `Authorization: Bearer ${settings.isGenerated ? settings.token : '$GATEWAY_TOKEN'}`;
  return [
    '',
    'Connect:',
    `  claude mcp add --transport http gateway ${url} --header "${bearer}"`,
    `  npx @modelcontextprotocol/inspector --cli ${url} --transport http --header "${bearer}" --method tools/list`,
    `  curl ${url} -H "${bearer}" -H "Content-Type: application/json" \\`,
    `    -H "Accept: application/json, text/event-stream" -d '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'`,
  ];
}

async function run() {
  const options = parseOptions();
  const signal = abortOnSignal();
  try {
    const gateway = await startGateway({ ...options, print }, signal);
    printReady(gateway, options.offline ? '--offline was given' : undefined);
    if (gateway.settings.isGenerated) print(`Token: ${gateway.settings.token}`);
    connectLines(gateway).forEach(print);
    await gateway.ended;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

await run().catch(reportFailure);
process.exit();
