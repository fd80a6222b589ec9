import { providers } from '../../container/providers/index.ts';
import type { Scope } from '../caller.ts';
import type { Risk } from './risk.ts';

/** What is known of a tool without its code. */
export interface KnownTool {
  name: string;
  /** Permission that a grant needs to call it. */
  scope: Scope;
  risk: Risk;
  /** The provider whose CLI it runs. */
  provider?: string;
}

const request = (provider: string, name: string): KnownTool => ({ name, scope: 'jobs:run', risk: 'execute', provider });

/** The two tools that run a provider's CLI. */
export const requestToolsOf = (provider: string): [waits: KnownTool, starts: KnownTool] => [
  request(provider, `${provider}_request`),
  request(provider, `${provider}_request_async`),
];

/** The tools that belong to no provider. */
export const GATEWAY_TOOLS = {
  jobStatus: { name: 'llm_job_status', scope: 'jobs:read', risk: 'read' },
  jobWatch: { name: 'llm_job_watch', scope: 'jobs:read', risk: 'read' },
  jobResult: { name: 'llm_job_result', scope: 'jobs:read', risk: 'read' },
  jobCancel: { name: 'llm_job_cancel', scope: 'jobs:run', risk: 'destructive' },
  jobDelete: { name: 'llm_job_delete', scope: 'jobs:run', risk: 'destructive' },
  jobList: { name: 'llm_job_list', scope: 'jobs:read', risk: 'read' },
  listModels: { name: 'list_models', scope: 'jobs:read', risk: 'read' },
  processHealth: { name: 'llm_process_health', scope: 'jobs:read', risk: 'read' },
  approvalList: { name: 'approval_list', scope: 'jobs:read', risk: 'read' },
  approvalDecide: { name: 'approval_decide', scope: 'approvals:write', risk: 'write' },
  policyGet: { name: 'policy_get', scope: 'admin', risk: 'read' },
  policySet: { name: 'policy_set', scope: 'admin', risk: 'destructive' },
  policyTest: { name: 'policy_test', scope: 'admin', risk: 'read' },
  auditList: { name: 'audit_list', scope: 'admin', risk: 'read' },
} as const satisfies Record<string, KnownTool>;

/** Every tool, in the order in which tools/list shows them. */
export const KNOWN_TOOLS: readonly KnownTool[] = [
  ...Object.keys(providers).flatMap(requestToolsOf),
  ...Object.values(GATEWAY_TOOLS),
];

export const toolNamed = (name: string): KnownTool | undefined => KNOWN_TOOLS.find((tool) => tool.name === name);

/** Calls of /api, which are no tools; policies and the audit log know them by these names. */
export const API_CALLS = [
  ...['token_create', 'token_list', 'token_revoke'],
  ...['credential_set', 'credential_list', 'credential_remove'],
] as const;
