import { announce, say } from './cli/banner.ts';
import { HELP, parseOptions } from './cli/flags.ts';
import { reportFailure } from './cli/refusal.ts';
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
  const { help, ...options } = parseOptions(process.argv.slice(2));
  if (help) return say(HELP);
  const signal = abortOnSignal();
  try {
    const gateway = await startGateway({ ...options, say }, signal);
    announce(gateway);
    if (gateway.settings.isGenerated) say(`Token: ${gateway.settings.token}`);
    connectLines(gateway).forEach(say);
    await gateway.ended;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

await run().catch(reportFailure);
process.exit();
