import { type JSONRPCMessage, type McpServer, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { placeInValue } from '../../zod-issues.ts';

/** Issues that one message lists. */
const MAX_ISSUES = 5;

const Issues = z.array(z.object({ path: z.array(z.union([z.string(), z.number()])), message: z.string() })).min(1);

/** The issues that the SDK writes as JSON at the end of an error's message, or undefined. */
function issuesIn(message: string): z.infer<typeof Issues> | undefined {
  try {
    return Issues.safeParse(JSON.parse(message.slice(message.indexOf('[')))).data;
  } catch {
    return undefined;
  }
}

/** A message with an error that says in words which parameters of the method are wrong. */
function readableError(message: JSONRPCMessage): JSONRPCMessage {
  if (!('error' in message)) return message;
  const issues = issuesIn(message.error.message);
  if (!issues) return message;
  const said = issues.slice(0, MAX_ISSUES).map(({ path, message: what }) => `${placeInValue(path)}: ${what}.`);
  const text = `Invalid parameters: ${said.join(' ')}`;
  return { ...message, error: { ...message.error, code: ProtocolErrorCode.InvalidParams, message: text } };
}

/** Makes a server send readable errors. The SDK checks parameters itself, before any handler is called. */
export function sendReadableErrors({ server }: McpServer): void {
  const connect = server.connect.bind(server);
  server.connect = (transport) => {
    const send = transport.send.bind(transport);
    transport.send = (message, options) => send(readableError(message), options);
    return connect(transport);
  };
}
