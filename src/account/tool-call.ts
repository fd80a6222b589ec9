import { digestOfArgs } from './digest.ts';

/** A call of a tool, as its account judges, stores and audits it. */
export interface ToolCall {
  grant: string;
  /** The name that the client reports. It is not verified. */
  client: string;
  tool: string;
  /** As the caller wrote them, validated. */
  args: Record<string, unknown>;
  /** SHA-256 of the arguments, and a short view of them without secrets. */
  digest: { hash: string; view: string };
  /** Origin of the gateway's pages. */
  origin: string;
}

/** Completes a call. The caller's Worker does this, because hashing a large prompt would hold up the account. */
export const withDigest = (call: Omit<ToolCall, 'digest'>): ToolCall => ({ ...call, digest: digestOfArgs(call.args) });
