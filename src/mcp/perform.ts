import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import type { Permit } from '../account/permit.ts';
import { type ToolCall, withDigest } from '../account/tool-call.ts';
import { type Failure, fail, type Result, toToolError } from '../errors.ts';
import { type Call, ownAccount } from './call.ts';
import type { Tool, ToolAnswer } from './tool.ts';

/** A call as its account judges and notes it. */
export function toolCall(tool: string, args: Record<string, unknown>, { caller, client, origin }: Call): ToolCall {
  return withDigest({ grant: caller.grant, client, tool, args, origin });
}

/** Asks the account whether what a method of the protocol does may be done: it counts as a call of the tool that does the same. */
export async function permitted(tool: string, args: Record<string, unknown>, call: Call): Promise<Result<Permit>> {
  return ownAccount(call).permit(toolCall(tool, args, call));
}

/** The same where there is no tool to answer: a refusal is an error of the protocol. What it was counted as is given back where `work` finds nothing. */
export async function demand<T>(
  tool: string,
  args: Record<string, unknown>,
  call: Call,
  work: () => PromiseLike<T | undefined>,
): Promise<T | undefined> {
  const permit = await permitted(tool, args, call);
  if (!permit.ok) throw new ProtocolError(ProtocolErrorCode.InvalidParams, toToolError(permit.failure).message);
  const found = await work();
  if (found === undefined) await ownAccount(call).refund(permit.value);
  return found;
}

/** A failure of our own: the caller gets a number to quote, the log gets the error. */
function incident(tool: string, error: unknown): Failure {
  const id = crypto.randomUUID().slice(0, 8);
  console.error(
    JSON.stringify({ incident: id, tool, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
  return { code: 'internal', incident: id };
}

const isHidden = async ({ name }: Tool, call: Call) => (await ownAccount(call).hiddenTools(call.caller.grant, [name])).length > 0;

async function attempt(tool: Tool, args: Record<string, unknown>, call: Call): Promise<Result<ToolAnswer>> {
  const read = tool.read(args);
  if (!read.ok) return read;
  const asked = toolCall(tool.name, args, call);
  if (tool.makesJob) return read.value(call, asked);
  const permit = await ownAccount(call).permit(asked);
  if (!permit.ok) return permit;
  const result = await read.value(call, asked);
  if (!result.ok) await ownAccount(call).refund(permit.value);
  return result;
}

/** Refusals that come before the account is asked, and would tell that a hidden tool is there. */
const EARLY = ['invalid_input', 'provider_unavailable'];

/** Runs a tool, where its caller's policy lets it: its answer, or its failure. A hidden tool is unknown, however it is called. */
export async function perform(tool: Tool, args: Record<string, unknown>, call: Call): Promise<Result<ToolAnswer>> {
  const unknown = fail({ code: 'unknown_tool', tool: tool.name });
  try {
    const result = await attempt(tool, args, call);
    return !result.ok && EARLY.includes(result.failure.code) && (await isHidden(tool, call)) ? unknown : result;
  } catch (error) {
    return fail(incident(tool.name, error));
  }
}
