import { type Gateway, startGateway } from './gateway.ts';
import { HELP, parseOptions } from './options.ts';
import { reportFailure } from './refusal.ts';
import { abortOnSignal } from './signals.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);

function announce({ url, settings }: Gateway) {
  const token = settings.isTokenMade ? settings.token : '$GATEWAY_TOKEN';
  const bearer = `Authorization: Bearer ${token}`;
  say(`Ready on ${url}`);
  if (settings.offline) say('Offline: the bundled model endpoint answers; no model is called, nothing is spent.');
  for (const provider of settings.keyless) say(`No key for ${provider} in .dev.vars: its requests fail.`);
  if (settings.isTokenMade) say(`Token: ${token}`);
  say('');
  say('Connect:');
  say(`  claude mcp add --transport http gateway ${url} --header "${bearer}"`);
  say(`  npx @modelcontextprotocol/inspector --cli ${url} --transport http --header "${bearer}" --method tools/list`);
  say(`  curl ${url} -H "${bearer}" -H "Content-Type: application/json" \\`);
  say(`    -H "Accept: application/json, text/event-stream" -d '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'`);
}

async function run() {
  const { help, ...options } = parseOptions(process.argv.slice(2));
  if (help) return say(HELP);
  const signal = abortOnSignal();
  try {
    const gateway = await startGateway({ ...options, say }, signal);
    announce(gateway);
    await gateway.ended;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

await run().catch(reportFailure);
process.exit();
