import { providers } from '../../container/providers/index.ts';
import { budgetOf } from '../../container/providers/option.ts';
import { evaluateWithin } from '../policy/ceiling.ts';
import type { Policy } from '../policy/compile.ts';
import { GATEWAY_TOOLS, toolNamed } from '../policy/tools.ts';
import type { AccountContext } from './context.ts';
import type { Used } from './tables/counters.ts';
import type { ToolCall } from './tool-call.ts';

/** What a job is assumed to use if its account has run none of its provider. */
interface AssumedUsage {
  estimateCostUsd: number;
  estimateTokens: number;
  estimateRuntimeS: number;
}

/** What a job is expected to use: its own budget, else the average of its provider's latest jobs, else the assumption. */
export function estimateOf(provider: string, args: Record<string, unknown>, average: Used | null, assumed: AssumedUsage): Used {
  return {
    'usage.costUsd': budgetOf(providers[provider], args) ?? average?.['usage.costUsd'] ?? assumed.estimateCostUsd,
    'usage.totalTokens': average?.['usage.totalTokens'] ?? assumed.estimateTokens,
    runtimeSeconds: average?.runtimeSeconds ?? assumed.estimateRuntimeS,
  };
}

/** Tools that show entries of many grants. */
const LISTS: readonly string[] = [GATEWAY_TOOLS.jobList.name, GATEWAY_TOOLS.approvalList.name];

/**
 * Whether the grant of a call requested the job that it names, or all jobs of the conversation that it continues. False also for an unknown one and
 * for the latest conversation of a workspace, which only the executor knows; true for a list, which is narrowed; undefined if no earlier job is concerned.
 */
export function isOwnJob({ jobs }: Pick<AccountContext, 'jobs'>, { tool, grant, args }: ToolCall): boolean | undefined {
  const { jobId, sessionId, createNewSession } = args;
  if (LISTS.includes(tool)) return true;
  const provider = providers[toolNamed(tool)?.provider ?? ''];
  if (!provider) return typeof jobId === 'string' ? jobs.find(jobId)?.grant_id === grant : undefined;
  if (args[provider.latestParameter] === true) return false;
  if (typeof sessionId !== 'string' || createNewSession === true) return undefined;
  const grants = jobs.grantsOfSession(sessionId);
  return grants.length > 0 && grants.every((requester) => requester === grant);
}

/** Whether a list may show only what the calling grant requested: its policy has a condition on that, and refuses the rest. */
export function mayShowOwnOnly(policy: Policy, { tool, args }: ToolCall): boolean {
  if (!LISTS.includes(tool)) return false;
  const [own, other] = [true, false].map((isOwn) => {
    const verdict = evaluateWithin(policy, { tool, args, job: { own: isOwn } });
    return verdict.kind === 'pass' ? verdict.approvals.length : Number.POSITIVE_INFINITY;
  });
  return own !== other;
}
