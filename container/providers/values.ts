import { z } from 'zod';
import { isDeeperThan } from './json.ts';

/** Largest option that becomes an argument, in bytes. Linux accepts 131,071 in one argument. */
export const ARGUMENT_MAX_BYTES = 65_536;
const DEPTH_MAX = 32;

const bytesOf = (text: string) => new TextEncoder().encode(text).byteLength;

const tooLong = (bytes: number) => `has ${bytes} bytes, limit ${ARGUMENT_MAX_BYTES}: shorten it`;

function jsonIssue(value: string | object): string | undefined {
  const tooDeep = `is nested deeper than ${DEPTH_MAX} levels: flatten it`;
  if (typeof value === 'object') {
    if (isDeeperThan(value, DEPTH_MAX)) return tooDeep;
    const bytes = bytesOf(JSON.stringify(value));
    return bytes > ARGUMENT_MAX_BYTES ? tooLong(bytes) : undefined;
  }
  const bytes = bytesOf(value);
  if (bytes > ARGUMENT_MAX_BYTES) return tooLong(bytes);
  try {
    const parsed: unknown = JSON.parse(value);
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return 'not a JSON object: send {...}';
    return isDeeperThan(parsed, DEPTH_MAX) ? tooDeep : undefined;
  } catch {
    return 'not valid JSON: send an object, or its JSON text';
  }
}

const object = z.record(z.string(), z.unknown());

/** A JSON object, or its text, small enough for a command line. */
export const jsonObject = z.union([object, z.string()]).superRefine((value, context) => {
  const message = jsonIssue(value);
  if (message) context.addIssue({ code: 'custom', message });
});

/** A value of `jsonObject` as text. */
export const jsonText = (value: z.output<typeof jsonObject>) => (typeof value === 'string' ? value : JSON.stringify(value));

const texts = z.record(z.string(), z.string());
const shared = { env: texts.optional(), headers: texts.optional() };
/** A server by its command or by its URL. The CLI drops a server of another form without a report. */
const localServer = z.looseObject({
  ...shared,
  type: z.literal('stdio').optional(),
  command: z.string().min(1),
  args: z.array(z.string()).optional(),
});
const remoteServer = z.looseObject({
  ...shared,
  type: z.enum(['http', 'sse']).default('http'),
  url: z.url({ protocol: /^https?$/ }),
});

function serverIssues({ command, url, ...more }: Record<string, unknown>): { path: PropertyKey[]; message: string }[] {
  if ((command === undefined) === (url === undefined))
    return [{ path: [], message: `has ${url === undefined ? 'neither command nor' : 'both command and'} url: give one of them` }];
  const read = url === undefined ? localServer.safeParse({ ...more, command }) : remoteServer.safeParse({ ...more, url });
  return read.error?.issues ?? [];
}

/** MCP servers by name, each with the command that starts it or its URL. */
export const mcpServers = z
  .record(z.string().regex(/^[\w-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -'), object)
  .superRefine((servers, context) => {
    const issue = jsonIssue(servers);
    if (issue) context.addIssue({ code: 'custom', message: issue });
    for (const [name, server] of Object.entries(servers))
      for (const { path, message } of serverIssues(server)) context.addIssue({ code: 'custom', path: [name, ...path], message });
  });

/** The file of MCP servers, in which each server has a type. */
export const mcpServersText = (servers: z.output<typeof mcpServers>) => {
  const typed = Object.entries(servers).map(([name, server]) => [
    name,
    server.url === undefined ? server : remoteServer.parse(server),
  ]);
  return JSON.stringify({ mcpServers: Object.fromEntries(typed) });
};

/** A name that is safe on a command line. */
export const plainName = z
  .string()
  .regex(/^\w[\w.:@/[\]-]{0,199}$/, 'not a valid name: begin with a letter or digit, limit 200 characters');

/** Text of a prompt. Without `maxBytes` it becomes a file, whose limit is 1,000,000 characters. */
export const promptText = (maxBytes?: number) => {
  const plain = z.string().min(1);
  if (maxBytes === undefined) return plain.max(1_000_000);
  return plain.refine((value) => bytesOf(value) <= maxBytes, { error: ({ input }) => tooLong(bytesOf(String(input))) });
};

/** Permission rules that let a run only read files, which it may do anyway. */
export const READ_ONLY_RULES = ['Glob', 'Grep', 'Read'] as const;

/** A list of tool names or permission rules. */
export const ruleList = z.array(z.string().min(1).max(1_000, { abort: true })).max(200, { abort: true });

/** A directory below the working directory. */
export const relativePath = z
  .string()
  .min(1)
  .max(1_024)
  .refine((path) => !/^[/~]|\\/.test(path) && !path.split('/').includes('..'), {
    error: ({ input }) => `${JSON.stringify(input)} leaves the working directory: give a relative path inside it`,
  });
