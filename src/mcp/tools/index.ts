import { providers } from '../../../container/providers/index.ts';
import type { Limits } from '../../config.ts';
import type { Part } from '../result/envelope.ts';
import { MARGIN_CHARS, maxRequestedChars } from '../result/fit.ts';
import type { Tool } from '../tool.ts';
import { approvalDecide, approvalList } from './approval.ts';
import { auditList } from './audit.ts';
import { listModels, processHealth } from './gateway.ts';
import { jobTools } from './job.ts';
import { policyGet, policySet } from './policy.ts';
import { policyTest } from './policy-test.ts';
import { requestTools } from './request.ts';

const declare = (limits: Limits): Tool[] => [
  ...Object.values(providers).flatMap((provider) => requestTools(provider, limits)),
  ...jobTools(limits),
  listModels,
  processHealth,
  approvalList,
  approvalDecide,
  policyGet,
  policySet,
  policyTest(limits, (name) => toolsFor(limits).get(name)),
  auditList,
];

/** Parts of an answer that may be long. */
const LONG: readonly Part[] = ['answer', 'events', 'jobs', 'approvals', 'audit', 'policies'];

/** Longest result that Claude Code lets a tool announce, in UTF-16 units. */
const MAX_ANNOUNCED_CHARS = 500_000;

/** The tool with the length of its longest answer, if that may be long. */
function withMaxChars(tool: Tool, limits: Limits): Tool {
  if (!tool.parts.some((part) => LONG.includes(part))) return tool;
  const longest = maxRequestedChars(tool.maxPageChars ?? 0, limits) + MARGIN_CHARS;
  return { ...tool, maxChars: Math.min(longest, MAX_ANNOUNCED_CHARS) };
}

const declared = new WeakMap<Limits, ReadonlyMap<string, Tool>>();

/** Every tool by name, in the order of tools/list. Schemas and descriptions state the limits in force; they are made once for each. */
export function toolsFor(limits: Limits): ReadonlyMap<string, Tool> {
  const tools = declared.get(limits) ?? new Map(declare(limits).map((tool) => [tool.name, withMaxChars(tool, limits)]));
  declared.set(limits, tools);
  return tools;
}
