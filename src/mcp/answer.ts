import { inputRequired, ProtocolError, ProtocolErrorCode, type ServerContext } from '@modelcontextprotocol/server';
import { digestOfArgs } from '../account/digest.ts';
import type { Approval } from '../account/tables/approvals.ts';
import { fail, toToolError } from '../errors.ts';
import { isOver } from '../job/machine.ts';
import { type Call, ownAccount } from './call.ts';
import { decideByForm, formsOf, questionsOf } from './elicitation.ts';
import { taskOf } from './job-tasks.ts';
import { perform, permitted } from './perform.ts';
import { newTask } from './tasks.ts';
import { envelopeOf, type Tool, type ToolAnswer, toolResult } from './tool.ts';

const unknownTool = (tool: string) =>
  new ProtocolError(ProtocolErrorCode.InvalidParams, toToolError({ code: 'unknown_tool', tool }).message);

/** Whether a question was asked for this very call: the state that a client gives back is its id, and ids are no keys. */
async function isOfCall({ kind, call: asked, job }: Approval, { name }: Tool, args: Record<string, unknown>, call: Call) {
  if (asked.grant !== call.caller.grant) return false;
  if (kind === 'call') return asked.tool === name && asked.digest.hash === digestOfArgs(args).hash;
  return job !== null && (await ownAccount(call).toolOf(job)) === name;
}

/** What became of the question that an earlier round of this call asked. */
interface Resumed {
  /** The job that the earlier round began. */
  resumes?: string | undefined;
  /** The person closed the form without an answer: it is not shown again. */
  isDismissed: boolean;
}

async function resume(tool: Tool, args: Record<string, unknown>, call: Call, { mcpReq }: ServerContext): Promise<Resumed> {
  const id = mcpReq.requestState();
  if (typeof id !== 'string') return { isDismissed: false };
  const approval = call.elicits ? await ownAccount(call).approval(id) : null;
  if (!approval || !(await isOfCall(approval, tool, args, call)))
    throw new ProtocolError(
      ProtocolErrorCode.InvalidParams,
      'Invalid requestState: it belongs to another call. Make the call without it.',
    );
  const isAnswered = await decideByForm(id, mcpReq.inputResponses, call);
  return { resumes: approval.job ?? undefined, isDismissed: !isAnswered };
}

/** The question that an answer leaves open. */
async function openQuestion({ error, job }: ToolAnswer, call: Call): Promise<Approval | undefined> {
  if (error?.approvalId !== undefined) return (await ownAccount(call).approval(error.approvalId)) ?? undefined;
  return job && (await questionsOf(job, call))[0];
}

/** Answers tools/call: with what the tool found out, with a task that stands for it, or with a question to the person behind the client. */
export async function answerCall(
  tool: Tool | undefined,
  name: string,
  args: Record<string, unknown>,
  call: Call,
  context: ServerContext,
) {
  if (!tool) throw unknownTool(name);
  if (!call.caller.scopes.includes(tool.scope)) return toolResult(envelopeOf(fail({ code: 'scope_missing', scope: tool.scope })));
  const { resumes, isDismissed } = await resume(tool, args, call, context);
  const result = await perform(tool, args, { ...call, resumes });
  if (!result.ok && result.failure.code === 'unknown_tool') throw unknownTool(name);
  const envelope = envelopeOf(result);
  const { job } = envelope;
  const isTask = tool.becomesTask && call.takesTasks && job && !isOver(job.state);
  if (isTask && (await permitted('llm_job_status', { jobId: job.id }, call)).ok) return newTask(await taskOf(job, call));
  const question = call.elicits && !isDismissed ? await openQuestion(envelope, call) : undefined;
  const inputRequests = question ? formsOf([question]) : {};
  if (question && Object.keys(inputRequests).length > 0) return inputRequired({ inputRequests, requestState: question.id });
  return toolResult(envelope);
}
