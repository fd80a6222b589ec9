import { env } from 'cloudflare:workers';
import { z } from 'zod';
import type { PolicyMode } from '../../../src/account/tables/policies.ts';
import type { Caller, Scope } from '../../../src/caller.ts';
import { type Config, readConfig } from '../../../src/config.ts';
import { Envelope } from '../../../src/mcp/result/envelope.ts';
import { handleMcp } from '../../../src/mcp/server.ts';
import { TASKS } from '../../../src/mcp/tasks.ts';
import type { PolicyInput } from '../../../src/policy/document.ts';

const Reply = z.object({
  result: z.record(z.string(), z.unknown()).optional(),
  error: z.object({ code: z.number(), message: z.string(), data: z.unknown().optional() }).optional(),
});

/** How a request is made: with which capabilities, headers and limits. */
export interface Manner {
  takesTasks?: boolean;
  /** Shows forms to its person. */
  elicits?: boolean;
  headers?: Record<string, string>;
  limits?: Partial<Config['limits']>;
}

/** A caller of an account of its own. */
export const someone = (...scopes: Scope[]): Caller => ({ account: `a${crypto.randomUUID()}`, grant: 'g', scopes });

const NAMED = ['name', 'uri', 'taskId'];

function envelope({ takesTasks, elicits }: Manner) {
  return {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {
      ...(takesTasks && { extensions: { [TASKS]: {} } }),
      ...(elicits && { elicitation: { form: {} } }),
    },
  };
}

async function send(caller: Caller, body: object, headers: Record<string, string>, limits: Manner['limits']) {
  const config = readConfig(env);
  const request = new Request('http://127.0.0.1/mcp', {
    method: 'POST',
    headers: {
      host: '127.0.0.1',
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...body }),
  });
  const response = await handleMcp(
    request,
    env,
    limits ? { ...config, limits: { ...config.limits, ...limits } } : config,
    caller,
  );
  const text = await response.text();
  const json = text.startsWith('{')
    ? text
    : (text
        .match(/^data: (.*)$/gm)
        ?.at(-1)
        ?.slice('data: '.length) ?? '{}');
  return { status: response.status, ...Reply.parse(JSON.parse(json)) };
}

/** One request of the line 2026-07-28 past the sign-in, and its answer. */
export function post(caller: Caller, method: string, params: Record<string, unknown>, manner: Manner = {}) {
  const { headers = {}, limits } = manner;
  const name = NAMED.map((key) => params[key]).find((value) => typeof value === 'string');
  const standard = {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(typeof name === 'string' && { 'mcp-name': name }),
  };
  return send(caller, { method, params: { ...params, _meta: envelope(manner) } }, { ...standard, ...headers }, limits);
}

const Called = z.object({ structuredContent: Envelope.optional() });

/** One call of a tool, and what it found out. */
export async function callTool(caller: Caller, name: string, args: Record<string, unknown> = {}, manner: Manner = {}) {
  const { result, error } = await post(caller, 'tools/call', { name, arguments: args }, manner);
  return { ...Called.parse(result ?? {}).structuredContent, isError: result?.isError, protocolError: error, result };
}

/** Sets the policy of a caller's grant. */
export async function setPolicy({ account, grant }: Caller, policy: PolicyInput | string, mode: PolicyMode = 'enforce') {
  const written = typeof policy === 'string' ? policy : JSON.stringify(policy);
  const done = await env.ACCOUNTS.getByName(account).setPolicy(grant, mode, written, 'a test');
  if (!done.ok) throw new Error(JSON.stringify(done.failure));
}

/** One request of the line 2025-11-25, and its answer. */
export const postLegacy = (caller: Caller, method: string, params: Record<string, unknown>, manner: Manner = {}) =>
  send(caller, { method, params }, { 'mcp-protocol-version': '2025-11-25' }, manner.limits);
