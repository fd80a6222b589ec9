import { providers } from '../../../container/providers/index.ts';
import type { Tool } from '../tool.ts';
import { listModels, processHealth } from './gateway.ts';
import { jobCancel, jobDelete, jobList, jobResult, jobStatus, jobWatch } from './job.ts';
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
];
