import { providers } from '../../../container/providers/index.ts';
import type { Limits } from '../../config.ts';
import type { Tool } from '../tool.ts';
import { approvalDecide, approvalList } from './approval.ts';
import { auditList } from './audit.ts';
import { listModels, processHealth } from './gateway.ts';
import { jobTools } from './job.ts';
import { policyGet, policySet, policyTest } from './policy.ts';
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
  policyTest,
  auditList,
];

const declared = new WeakMap<Limits, ReadonlyMap<string, Tool>>();

/** Every tool by name, in the order of tools/list. Schemas and descriptions state the limits in force; they are made once for each. */
export function toolsFor(limits: Limits): ReadonlyMap<string, Tool> {
  const tools = declared.get(limits) ?? new Map(declare(limits).map((tool) => [tool.name, tool]));
  declared.set(limits, tools);
  return tools;
}
