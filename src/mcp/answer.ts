import { inputRequired, ProtocolError, ProtocolErrorCode, type ServerContext } from '@modelcontextprotocol/server';
import { digestOfArgs } from '../account/digest.ts';
import type { Approval } from '../account/tables/approvals.ts';
import { fail, toToolError } from '../errors.ts';
import { isOver } from '../job/machine.ts';
import { nearestTool } from '../nearest.ts';
import { lenientArgs } from './arguments/lenient.ts';
import { type Call, ownAccount } from './call.ts';
import { approvalsOfJob, decideByForm, formsOf } from './elicitation.ts';
import { taskOf } from './job-tasks.ts';
import { METHOD_TOOL } from './methods.ts';
import { perform, permitted } from './perform.ts';
import { newTask } from './tasks.ts';
import { envelopeOf, type Tool, type ToolAnswer, toolResult } from './tool.ts';
import { toolsFor } from './tools/index.ts';

/** The refusal of an unknown tool. It suggests one that the caller may use, so that a hidden tool stays unknown. */
async function unknownTool(tool: string, call: Call) {
  const { caller, config } = call;
  const scoped = [...toolsFor(config.limits).values()].filter(({ scope }) => caller.scopes.includes(scope));
  const names = scoped.map(({ name }) => name);
  const hidden = await ownAccount(call).hiddenTools(caller.grant, names);
  const meant = nearestTool(
    tool,
    names.filter((name) => !hidden.includes(name)),
  );
  return new ProtocolError(ProtocolErrorCode.InvalidParams, toToolError({ code: 'unknown_tool', tool, meant }).message);
}

/** Whether an approval was requested by this very call. requestState is set by the client, so an approval's id alone proves nothing. */
async function isOfCall({ kind, call: asked, job }: Approval, { name }: Tool, args: Record<string, unknown>, call: Call) {
  if (asked.grant !== call.caller.grant) return false;
  if (kind === 'call') return asked.tool === name && asked.digest.hash === digestOfArgs(args).hash;
  return job !== null && (await ownAccount(call).toolOf(job)) === name;
}

/** What became of the approval that an earlier round of this call requested. */
interface Resumed {
  /** The job that the earlier round began. */
  resumes?: string | undefined;
  /** The person closed the form without a decision: it is not shown again. */
  isDismissed: boolean;
}

async function resume(tool: Tool, args: Record<string, unknown>, call: Call, { mcpReq }: ServerContext): Promise<Resumed> {
  const id = mcpReq.requestState();
  if (typeof id !== 'string') return { isDismissed: false };
  const approval = call.client.supportsForms ? await ownAccount(call).approval(id) : null;
  if (!approval || !(await isOfCall(approval, tool, args, call)))
    throw new ProtocolError(
      ProtocolErrorCode.InvalidParams,
      'Invalid requestState: it belongs to another call. Repeat the call without it.',
    );
  const isDecided = await decideByForm(id, mcpReq.inputResponses, call);
  return { resumes: approval.job ?? undefined, isDismissed: !isDecided };
}

/** The pending approval that an answer leads to, if any. */
async function pendingApproval({ error, job }: ToolAnswer, call: Call): Promise<Approval | undefined> {
  if (error?.approvalId !== undefined) return (await ownAccount(call).approval(error.approvalId)) ?? undefined;
  return job && (await approvalsOfJob(job, call))[0];
}

/** Answers tools/call with the tool's result, with a task, or with a form for the person behind the client. */
export async function answerCall(
  tool: Tool | undefined,
  name: string,
  given: Record<string, unknown>,
  call: Call,
  context: ServerContext,
) {
  if (!tool) throw await unknownTool(name, call);
  const args = lenientArgs(tool.input, given);
  if (!call.caller.scopes.includes(tool.scope))
    return toolResult(envelopeOf(fail({ code: 'scope_missing', scope: tool.scope })), call.config.limits);
  const { resumes, isDismissed } = await resume(tool, args, call, context);
  const result = await perform(tool, args, { ...call, resumes });
  if (!result.ok && result.failure.code === 'unknown_tool') throw await unknownTool(name, call);
  const envelope = envelopeOf(result);
  const { job } = envelope;
  const isTask = tool.becomesTask && call.client.supportsTasks && job && !isOver(job.state);
  if (isTask && (await permitted(METHOD_TOOL['tasks/get'], { jobId: job.id }, call)).ok) return newTask(await taskOf(job, call));
  const approval = call.client.supportsForms && !isDismissed ? await pendingApproval(envelope, call) : undefined;
  const inputRequests = approval ? formsOf([approval]) : {};
  if (approval && Object.keys(inputRequests).length > 0) return inputRequired({ inputRequests, requestState: approval.id });
  return toolResult(envelope, call.config.limits);
}
