import { findToken, TOKEN_HELP } from '../local/gateway-token.ts';
import { gatewayUrl, URL_HELP } from '../local/gateway-url.ts';
import { CommandError } from './command-error.ts';
import { connectGateway, type GatewayClient } from './gateway-client.ts';

/** Flags of the commands that act as the gateway's owner. */
export const OWNER_FLAGS = {
  url: { type: 'string' },
  state: { type: 'string', default: '.state' },
} as const;

/** Help text about these flags. */
export const OWNER_HELP = `${URL_HELP}\n${TOKEN_HELP}`;

/** The gateway token, which acts as the owner. Refuses if there is none. */
export function ownerToken(state: string): string {
  const found = findToken(state);
  if (!found)
    throw new CommandError(`No gateway token in ${state}. Set GATEWAY_TOKEN, or name the --state directory of npm start.`);
  return found.token;
}

/** Runs a command with its flags and the argument after its name. */
type OwnerCommand<V> = (gateway: GatewayClient, flags: V, argument: string | undefined) => Promise<void>;

/** Runs the command that the command line names, by default the first one, on the gateway that its flags name. */
export async function runOwnerCommand<V extends { url?: string; state: string }>(
  commands: Record<string, OwnerCommand<V>>,
  read: () => { values: V; positionals: string[] },
): Promise<void> {
  const { values, positionals } = read();
  const [name = Object.keys(commands)[0] ?? '', argument] = positionals;
  const command = commands[name];
  if (!command)
    throw new CommandError(`Unknown command ${JSON.stringify(name)}. Known: ${Object.keys(commands).join(', ')}. See --help.`);
  const gateway = await connectGateway(gatewayUrl(values.state, values.url), ownerToken(values.state));
  await command(gateway, values, argument).finally(gateway.close);
}
