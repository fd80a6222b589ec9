import { z } from 'zod';
import { type Caller, SCOPES, type Scope } from '../caller.ts';
import { KNOWN_TOOLS, type KnownTool } from '../policy/tools.ts';
import { METHOD_TOOL } from './methods.ts';

const Message = z.object({ method: z.string(), params: z.object({ name: z.unknown() }).optional().catch(undefined) });
const Body = z.union([z.array(z.unknown()), Message.transform((message) => [message])]);

const toolByName = new Map<unknown, KnownTool>(KNOWN_TOOLS.map((tool) => [tool.name, tool]));
const toolByMethod = new Map<string, KnownTool>(Object.entries(METHOD_TOOL));

function neededScope(message: unknown): Scope | undefined {
  const read = Message.safeParse(message);
  if (!read.success) return undefined;
  const { method, params } = read.data;
  return (method === 'tools/call' ? toolByName.get(params?.name) : toolByMethod.get(method))?.scope;
}

function parse(body: ArrayBuffer): unknown[] {
  try {
    return Body.parse(JSON.parse(new TextDecoder().decode(body)));
  } catch {
    // The protocol's own handler refuses a body that is not a message.
    return [];
  }
}

/** The scopes that a request needs and its caller lacks. `body` is read only if the caller lacks any scope. */
export async function missingScopes({ scopes }: Caller, body: () => Promise<ArrayBuffer>): Promise<Scope[]> {
  if (SCOPES.every((scope) => scopes.includes(scope))) return [];
  const needed = parse(await body()).flatMap((message) => neededScope(message) ?? []);
  return [...new Set(needed)].filter((scope) => !scopes.includes(scope));
}
