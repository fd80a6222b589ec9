import { reportFailure } from './cli/command-error.ts';
import { HELP, parseStartFlags } from './cli/flags.ts';
import { print, printReady } from './cli/print.ts';
import { type Gateway, startGateway } from './local/gateway.ts';
import { abortOnSignal } from './local/signals.ts';

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
  const { help, ...options } = parseStartFlags(process.argv.slice(2));
  if (help) return print(HELP);
  const signal = abortOnSignal();
  try {
    const gateway = await startGateway({ ...options, print }, signal);
    printReady(gateway);
    if (gateway.settings.isGenerated) print(`Token: ${gateway.settings.token}`);
    connectLines(gateway).forEach(print);
    await gateway.ended;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

await run().catch(reportFailure);
process.exit();
