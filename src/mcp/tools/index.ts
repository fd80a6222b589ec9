import { providers } from '../../../container/providers/index.ts';
import type { Tool } from '../tool.ts';
import { approvalDecide, approvalList } from './approval.ts';
import { auditList } from './audit.ts';
import { listModels, processHealth } from './gateway.ts';
import { jobCancel, jobDelete, jobList, jobResult, jobStatus, jobWatch } from './job.ts';
import { policyGet, policySet, policyTest } from './policy.ts';
import { requestTools } from './request.ts';

/** Every tool, in the order in which tools/list shows them. */
export const tools: readonly Tool[] = [
  ...Object.values(providers).flatMap(requestTools),
  jobStatus,
  jobWatch,
  jobResult,
  jobCancel,
  jobDelete,
  jobList,
  listModels,
  processHealth,
  approvalList,
  approvalDecide,
  policyGet,
  policySet,
  policyTest,
  auditList,
];

const byName = new Map(tools.map((tool) => [tool.name, tool]));

export const toolOf = (name: string): Tool | undefined => byName.get(name);
