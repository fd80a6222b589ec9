import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import type { Permit } from '../account/permit.ts';
import { type ToolCall, withDigest } from '../account/tool-call.ts';
import { fail, type Result, toToolError } from '../errors.ts';
import { incidentOf } from '../incident.ts';
import type { KnownTool } from '../policy/tools.ts';
import { type Call, ownAccount } from './call.ts';
import type { Tool, ToolAnswer } from './tool.ts';

/** A call as its account decides on it and logs it. */
export function toolCall(tool: string, args: Record<string, unknown>, { caller, client, origin }: Call): ToolCall {
  return withDigest({ grant: caller.grant, client: client.name, tool, args, origin });
}

/** The account's permit for a call of a tool, or for a method that does what the tool does. */
export async function permitted({ name }: KnownTool, args: Record<string, unknown>, call: Call): Promise<Result<Permit>> {
  return ownAccount(call).permit(toolCall(name, args, call));
}

/** Does the work of a protocol method if the policy permits it. Throws when refused; refunds the charge when `work` finds nothing. */
export async function authorizeMethod<T>(
  tool: KnownTool,
  args: Record<string, unknown>,
  call: Call,
  work: (permit: Permit) => PromiseLike<T | undefined>,
): Promise<T | undefined> {
  const permit = await permitted(tool, args, call);
  if (!permit.ok) throw new ProtocolError(ProtocolErrorCode.InvalidParams, toToolError(permit.failure).message);
  const found = await work(permit.value);
  if (found === undefined) await ownAccount(call).refund(permit.value);
  return found;
}

const isHidden = async ({ name }: Tool, call: Call) => (await ownAccount(call).hiddenTools(call.caller.grant, [name])).length > 0;

async function attempt(tool: Tool, args: Record<string, unknown>, call: Call): Promise<Result<ToolAnswer>> {
  const read = tool.read(args);
  if (!read.ok) return read;
  const asked = toolCall(tool.name, args, call);
  if (tool.makesJob) return read.value(call, asked);
  const permit = await ownAccount(call).permit(asked);
  if (!permit.ok) return permit;
  const result = await read.value(call, asked, permit.value);
  if (!result.ok) await ownAccount(call).refund(permit.value);
  return result;
}

/** Records that the caller received the answer of a completed job, so that an identical request runs again. */
export async function recordDelivery({ job, answer }: ToolAnswer, call: Call): Promise<void> {
  if (job?.state !== 'completed' || answer?.source !== 'answer' || call.client.signal.aborted) return;
  if (!(await call.client.isListening())) return;
  // The answer matters more than its record.
  await ownAccount(call)
    .markDelivered(job.id, call.caller.grant)
    .catch(() => {});
}

/** Refusals that precede the account's decision, and would reveal that a hidden tool exists. */
const EARLY = ['invalid_input', 'provider_unavailable'];

/** Runs a tool if its caller's policy permits it: its answer, or its failure. A hidden tool is unknown, however it is called. */
export async function perform(tool: Tool, args: Record<string, unknown>, call: Call): Promise<Result<ToolAnswer>> {
  const unknown = fail({ code: 'unknown_tool', tool: tool.name });
  try {
    const result = await attempt(tool, args, call);
    if (result.ok) await recordDelivery(result.value, call);
    return !result.ok && EARLY.includes(result.failure.code) && (await isHidden(tool, call)) ? unknown : result;
  } catch (error) {
    return fail(await incidentOf(error, call.env, { tool: tool.name }));
  }
}
