// The extension io.modelcontextprotocol/tasks: https://modelcontextprotocol.github.io/ext-tasks/specification/2026-07-28/tasks.html
import {
  CLIENT_CAPABILITIES_META_KEY,
  type McpServer,
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';

/** Name of the extension, as both sides declare it. */
export const TASKS = 'io.modelcontextprotocol/tasks';

/** A task as `tasks/get` shows it. Times are ISO 8601; `ttlMs` counts from the creation. */
export interface Task {
  taskId: string;
  status: 'working' | 'input_required' | 'completed' | 'failed' | 'cancelled';
  statusMessage?: string;
  createdAt: string;
  lastUpdatedAt: string;
  ttlMs: number;
  pollIntervalMs: number;
  /** Only of a completed task: the tool's answer, even if that is an error. */
  result?: Record<string, unknown>;
  /** Only of a failed task: the JSON-RPC error. */
  error?: { code: number; message: string };
  /** Only of a task that waits for input: its forms, by key. */
  inputRequests?: Record<string, unknown>;
}

/** The store of tasks. An id that is unknown, expired or foreign leads to undefined or false. */
export interface TaskSource {
  get: (taskId: string) => Promise<Task | undefined>;
  cancel: (taskId: string) => Promise<boolean>;
  /** Takes answers by the keys of `inputRequests`; other keys are ignored. */
  answer: (taskId: string, answers: Record<string, unknown>) => Promise<boolean>;
}

const Declared = z.looseObject({ extensions: z.looseObject({ [TASKS]: z.looseObject({}) }) });
const Meta = z.looseObject({ [CLIENT_CAPABILITIES_META_KEY]: Declared });

/** Whether the `_meta` of a request names the extension among the client's capabilities. */
export const declaresTasks = (meta: unknown) => Meta.safeParse(meta).success;

/** Whether the client declared on this request that it supports tasks. A client of the older era never does. */
export const supportsTasks = ({ mcpReq }: ServerContext): boolean => declaresTasks(mcpReq.envelope);

const tasksRequired = () => new MissingRequiredClientCapabilityError({ requiredCapabilities: { extensions: { [TASKS]: {} } } });

/** The refusal of a request that only clients with task support may make: HTTP 400, -32021. */
export function tasksRefusal(id: string | number): Response {
  const { code, message, data } = tasksRequired();
  return Response.json({ jsonrpc: '2.0', id, error: { code, message, data } }, { status: 400 });
}

/** The answer to tools/call that stands for a later result. The task must be durable already. */
export const newTask = (task: Task) => ({ content: [], resultType: 'task', ...task });

const TaskParams = z.looseObject({ taskId: z.string().max(64) });

/** Answers tasks/get, tasks/cancel and tasks/update. The SDK has compared Mcp-Name with the id by then (-32020). */
export function serveTasks({ server }: McpServer, sourceOf: (context: ServerContext) => TaskSource): void {
  const asked = (context: ServerContext) => {
    if (!supportsTasks(context)) throw tasksRequired();
    return sourceOf(context);
  };
  const unknown = (taskId: string) =>
    new ProtocolError(
      ProtocolErrorCode.InvalidParams,
      `Task ${JSON.stringify(taskId.slice(0, 80))} does not exist or has expired.`,
    );
  server.setRequestHandler('tasks/get', { params: TaskParams }, async ({ taskId }, context) => {
    const task = await asked(context).get(taskId);
    if (!task) throw unknown(taskId);
    return { ...task };
  });
  server.setRequestHandler('tasks/cancel', { params: TaskParams }, async ({ taskId }, context) => {
    if (!(await asked(context).cancel(taskId))) throw unknown(taskId);
    return {};
  });
  server.setRequestHandler('tasks/update', { params: TaskParams }, async ({ taskId }, context) => {
    const source = asked(context);
    if (!(await source.answer(taskId, context.mcpReq.inputResponses ?? {}))) throw unknown(taskId);
    return {};
  });
}

const Listen = z.looseObject({
  id: z.union([z.string(), z.number()]),
  params: z.looseObject({
    notifications: z.looseObject({ taskIds: z.array(z.unknown()) }),
    _meta: z.unknown(),
  }),
});

/** Refuses events of tasks to a client without task support, because the SDK answers subscriptions/listen before it makes a server. */
export async function refuseTaskEvents(request: Request): Promise<Response | undefined> {
  if (request.method !== 'POST' || request.headers.get('mcp-method') !== 'subscriptions/listen') return undefined;
  const body: unknown = await request
    .clone()
    .json()
    .catch(() => undefined);
  const { data: listen } = Listen.safeParse(body);
  return listen && !declaresTasks(listen.params._meta) ? tasksRefusal(listen.id) : undefined;
}
