import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { messageOf } from '../../src/errors.ts';
import { Envelope } from '../../src/mcp/envelope.ts';
import { VERSION } from '../../src/version.ts';
import { findToken, TOKEN_HELP } from '../local/gateway-token.ts';
import { CommandError } from './command-error.ts';
import { print } from './print.ts';

/** Flags of the commands that act as the gateway's owner. */
export const OWNER_FLAGS = {
  url: { type: 'string', default: 'http://127.0.0.1:8787' },
  state: { type: 'string', default: '.state' },
} as const;

/** What the help of these commands says of their flags. */
export const OWNER_HELP = `--url is the gateway's address. ${TOKEN_HELP}`;

/** The gateway token, which acts as the owner. Refuses if there is none. */
export function ownerToken(state: string): string {
  const found = findToken(state);
  if (!found)
    throw new CommandError(`No gateway token in ${state}. Set GATEWAY_TOKEN, or name the --state directory of npm start.`);
  return found.token;
}

export const unreachable = (url: string, error: unknown) =>
  new CommandError(`No gateway answers on ${url}: ${messageOf(error)}. Start it or give --url.`);

/** A gateway's tools, called as its owner. A tool's failure is a refusal with its message. */
async function connectAsOwner({ url, state }: { url: string; state: string }) {
  const client = new Client({ name: 'llm-cli-gateway scripts', version: VERSION }, { versionNegotiation: { mode: 'auto' } });
  const requestInit = { headers: { authorization: `Bearer ${ownerToken(state)}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', url), { requestInit })).catch((error: unknown) => {
    throw unreachable(url, error);
  });
  const call = async (name: string, args: Record<string, unknown>): Promise<Envelope> => {
    const result = await client.callTool({ name, arguments: args }).catch((error: unknown) => {
      throw new CommandError(`${name}: ${messageOf(error)}`);
    });
    const envelope = Envelope.parse(result.structuredContent);
    if (envelope.error) throw new CommandError(envelope.error.message);
    return envelope;
  };
  return { call, close: () => client.close() };
}

export type Gateway = Awaited<ReturnType<typeof connectAsOwner>>;

/** A command of the owner: its flags, and what stands after its name. */
type Command<V> = (gateway: Gateway, flags: V, argument: string | undefined) => Promise<void>;

/** Runs the command that the command line names, or the first one, against the gateway that its flags name. */
export async function runCommand<V extends { url: string; state: string; help: boolean }>(
  help: string,
  commands: Record<string, Command<V>>,
  read: () => { values: V; positionals: string[] },
): Promise<void> {
  const { values, positionals } = read();
  const [name = Object.keys(commands)[0] ?? '', argument] = positionals;
  if (values.help) return print(help);
  const command = commands[name];
  if (!command)
    throw new CommandError(
      `There is no command ${JSON.stringify(name)}. Known: ${Object.keys(commands).join(', ')}; --help tells more.`,
    );
  const gateway = await connectAsOwner(values);
  await command(gateway, values, argument).finally(gateway.close);
}
