import { z } from 'zod';
import { type Caller, SCOPES, type Scope } from '../caller.ts';
import { tools } from './tools/index.ts';

/** Methods other than tools/call that show or change what an account owns. */
const METHODS: Record<string, Scope> = {
  'resources/list': 'jobs:read',
  'resources/read': 'jobs:read',
  'resources/subscribe': 'jobs:read',
  'subscriptions/listen': 'jobs:read',
  'tasks/get': 'jobs:read',
  'tasks/update': 'jobs:run',
  'tasks/cancel': 'jobs:run',
};

const Message = z.object({ method: z.string(), params: z.object({ name: z.unknown() }).optional().catch(undefined) });
const Body = z.union([z.array(z.unknown()), Message.transform((message) => [message])]);

const scopeOfTool = new Map<unknown, Scope>(tools.map(({ name, scope }) => [name, scope]));

function neededScope(message: unknown): Scope | undefined {
  const read = Message.safeParse(message);
  if (!read.success) return undefined;
  const { method, params } = read.data;
  return method === 'tools/call' ? scopeOfTool.get(params?.name) : METHODS[method];
}

function parse(body: ArrayBuffer): unknown[] {
  try {
    return Body.parse(JSON.parse(new TextDecoder().decode(body)));
  } catch {
    // What is no message is refused where messages are answered.
    return [];
  }
}

/** The scopes that a request needs and its caller lacks. `body` is read only where the caller lacks any scope. */
export async function missingScopes({ scopes }: Caller, body: () => Promise<ArrayBuffer>): Promise<Scope[]> {
  if (SCOPES.every((scope) => scopes.includes(scope))) return [];
  const needed = parse(await body()).flatMap((message) => neededScope(message) ?? []);
  return [...new Set(needed)].filter((scope) => !scopes.includes(scope));
}
