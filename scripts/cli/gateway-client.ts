import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { messageOf } from '../../src/errors.ts';
import { Envelope } from '../../src/mcp/result/envelope.ts';
import { VERSION } from '../../src/version.ts';
import { CommandError } from './command-error.ts';

/** The tools of a gateway. A call that fails rejects with the tool's message. */
export interface GatewayClient {
  call: (tool: string, args: Record<string, unknown>) => Promise<Envelope>;
  close: () => Promise<void>;
}

const CALL_TIMEOUT_MS = 60_000;

/** The error for a gateway that cannot be reached. */
export const unreachable = (url: string, error: unknown) =>
  new CommandError(`Cannot connect to the gateway at ${url}: ${messageOf(error)}. Start it, or check --url and the token.`);

/** Connects to a gateway over MCP. `onProgress` receives the progress messages of all calls. */
export async function connectGateway(url: string, token: string, onProgress = (_message: string) => {}): Promise<GatewayClient> {
  const client = new Client({ name: 'llm-cli-gateway scripts', version: VERSION }, { versionNegotiation: { mode: 'auto' } });
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  const transport = new StreamableHTTPClientTransport(new URL('/mcp', url), { requestInit });
  await client.connect(transport).catch((error: unknown) => {
    throw unreachable(url, error);
  });
  const options = {
    onprogress: ({ message }: { message?: string | undefined }) => onProgress(message ?? 'working'),
    timeout: CALL_TIMEOUT_MS,
    resetTimeoutOnProgress: true,
  };
  return {
    call: async (tool, args) => {
      const result = await client.callTool({ name: tool, arguments: args }, options).catch((error: unknown) => {
        throw new CommandError(`${tool}: ${messageOf(error)}`);
      });
      const envelope = Envelope.parse(result.structuredContent);
      if (envelope.error) throw new CommandError(envelope.error.message);
      return envelope;
    },
    close: () => client.close(),
  };
}
