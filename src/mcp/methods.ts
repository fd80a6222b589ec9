import { GATEWAY_TOOLS, type KnownTool } from '../policy/tools.ts';

const { jobCancel, jobList, jobResult, jobStatus } = GATEWAY_TOOLS;

/** The tool that does what a method of the protocol does. The method needs the tool's scope and counts as a call of it. */
export const METHOD_TOOL = {
  'resources/list': jobList,
  'resources/read': jobResult,
  'resources/subscribe': jobStatus,
  'subscriptions/listen': jobStatus,
  'tasks/get': jobStatus,
  'tasks/cancel': jobCancel,
  // Needs the scope alone: a person's decision is not counted as a call.
  'tasks/update': jobCancel,
} as const satisfies Record<string, KnownTool>;
