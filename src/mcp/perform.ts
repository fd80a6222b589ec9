import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { digestOf } from '../account/digest.ts';
import type { Permit } from '../account/permit.ts';
import { type Approval, argumentsOf } from '../account/tables/approvals.ts';
import type { ToolCall } from '../account/tool-call.ts';
import { SCOPES } from '../caller.ts';
import { type Failure, fail, ok, type Result, toToolError } from '../errors.ts';
import { TOOL_RISKS } from '../policy/risk.ts';
import { accountOf, type Call } from './call.ts';
import { Envelope } from './envelope.ts';
import type { Run, Tool, ToolAnswer } from './tool.ts';

/** A call as its account judges and notes it. */
export function toolCall(tool: string, args: Record<string, unknown>, { caller, client, origin }: Call): ToolCall {
  const { grant, scopes } = caller;
  return { grant, scopes, client, tool, args, digest: digestOf(args), origin };
}

/** Asks the account whether what a method of the protocol does may be done: it counts as a call of the tool that does the same. */
export async function permitted(tool: string, args: Record<string, unknown>, call: Call): Promise<Result<Permit>> {
  return accountOf(call).permit(toolCall(tool, args, call));
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
  if (found === undefined) await accountOf(call).giveBack(permit.value.counted);
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

const isHidden = async ({ name }: Tool, call: Call) => (await accountOf(call).hiddenTools(call.caller.grant, [name])).length > 0;

/** Runs a call that was let pass. What it was counted as is given back where it does nothing; what an approved one did is kept, and not done again. */
async function runPermitted(run: Run, call: Call, asked: ToolCall, { counted, approval }: Permit): Promise<Result<ToolAnswer>> {
  if (approval?.outcome) return ok(Envelope.omit({ ok: true }).parse(JSON.parse(approval.outcome)));
  const result = await run(call, asked);
  if (approval) await keep(approval, result, call);
  else if (!result.ok && counted.charges.length > 0) await accountOf(call).giveBack(counted);
  return result;
}

/** A failure is not kept, because it did nothing; nor is what a read shows, which is looked at anew. */
async function keep({ id, call: asked }: Approval, result: Result<ToolAnswer>, call: Call): Promise<void> {
  if (!result.ok || isRead(asked.tool)) return;
  await accountOf(call).keepOutcome(id, JSON.stringify(result.value));
}

const isRead = (tool: string) => TOOL_RISKS[tool] === 'read';

async function attempt(tool: Tool, args: Record<string, unknown>, call: Call): Promise<Result<ToolAnswer>> {
  const read = tool.read(args);
  if (!read.ok) return read;
  const asked = toolCall(tool.name, args, call);
  if (tool.makesJob) return read.value(call, asked);
  const permit = await accountOf(call).permit(asked);
  return permit.ok ? runPermitted(read.value, call, asked, permit.value) : permit;
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

/** Makes a call that waited for its approval, as the grant that asked. What only shows something waits for who asked to look. */
export async function performApproved(approval: Approval, call: Call): Promise<void> {
  const { tool: name, grant, client, origin } = approval.call;
  const args = argumentsOf(approval.call);
  const tool = call.toolOf(name);
  const read = tool?.read(args);
  if (!tool || !read?.ok || isRead(name)) return;
  const scopes = SCOPES.filter((scope) => approval.call.scopes.includes(scope));
  const asCaller = { ...call, caller: { account: call.caller.account, grant, scopes }, client, origin };
  const result = await read.value(asCaller, { ...approval.call, args }).catch((error: unknown) => fail(incident(name, error)));
  await keep(approval, result, call);
}
