import { inputRequired, type McpServer, type McpServerFactory, type RequestStateCodec } from '@modelcontextprotocol/server';
import { z } from 'zod';
import {
  declaresTasks,
  newTask,
  serveTasks,
  supportsTasks,
  type Task,
  type TaskSource,
  tasksRefusal,
} from '../../src/mcp/tasks.ts';
import { askName, nameOf } from './input-required.ts';
import { said } from './media.ts';

type Outcome = Pick<Task, 'status' | 'result' | 'error'>;

/** A task of the fixtures. Its state follows from its start time and its answers. */
interface Fixture {
  id: string;
  beganAt: number;
  changedAt: number;
  lastsMs: number;
  outcome: Outcome;
  asks: Record<string, unknown>;
  cancelled: boolean;
}

const ERROR_MS = 1_000;
const fixtures = new Map<string, Fixture>();
const completed = (result: Record<string, unknown>): Outcome => ({ status: 'completed', result });

function begin(lastsMs: number, outcome: Outcome, asks: Record<string, unknown> = {}) {
  const now = Date.now();
  const fixture = { id: crypto.randomUUID(), beganAt: now, changedAt: now, lastsMs, outcome, asks, cancelled: false };
  fixtures.set(fixture.id, fixture);
  return newTask(view(fixture));
}

function stateOf({ cancelled, asks, beganAt, lastsMs, outcome }: Fixture): Partial<Task> & Pick<Task, 'status'> {
  if (cancelled) return { status: 'cancelled' };
  if (Object.keys(asks).length > 0) return { status: 'input_required', inputRequests: asks };
  return Date.now() - beganAt >= lastsMs ? outcome : { status: 'working' };
}

const view = (fixture: Fixture): Task => ({
  taskId: fixture.id,
  createdAt: new Date(fixture.beganAt).toISOString(),
  lastUpdatedAt: new Date(fixture.changedAt).toISOString(),
  ttlMs: 3_600_000,
  pollIntervalMs: 200,
  ...stateOf(fixture),
});

const isOver = (fixture: Fixture) => ['completed', 'failed', 'cancelled'].includes(stateOf(fixture).status);

function change(id: string, make: (fixture: Fixture) => Partial<Fixture>): boolean {
  const fixture = fixtures.get(id);
  if (fixture && !isOver(fixture)) fixtures.set(id, { ...fixture, ...make(fixture), changedAt: Date.now() });
  return fixture !== undefined;
}

const source: TaskSource = {
  get: async (id) => {
    const fixture = fixtures.get(id);
    return fixture && view(fixture);
  },
  cancel: async (id) => change(id, () => ({ cancelled: true })),
  answer: async (id, answers) =>
    change(id, ({ asks }) => ({ asks: Object.fromEntries(Object.entries(asks).filter(([key]) => !(key in answers))) })),
};

const confirm = (message: string) =>
  inputRequired.elicit({
    message,
    requestedSchema: { type: 'object', properties: { confirm: { type: 'boolean' } }, required: ['confirm'] },
  });

/** Tools that always answer with a task. */
const REQUIRED: Record<string, () => ReturnType<typeof begin>> = {
  failing_job: () => begin(ERROR_MS, completed({ ...said('It failed.'), isError: true })),
  protocol_error_job: () => begin(0, { status: 'failed', error: { code: -32603, message: 'It broke.' } }),
  confirm_delete: () => begin(0, completed(said('deleted')), { 'confirm-1': confirm('Delete it?') }),
  multi_input: () => begin(0, completed(said('done')), { 'first-1': confirm('One?'), 'second-2': confirm('Two?') }),
};
const NEEDS_TASKS = [...Object.keys(REQUIRED), 'test_tool_with_task'];

/** Adds tools that answer with tasks, and serves the tasks. */
export function addTaskTools(
  mcp: McpServer,
  era: Parameters<McpServerFactory>[0]['era'],
  codec: RequestStateCodec<string>,
): void {
  mcp.registerTool('greet', { description: 'Greets.', inputSchema: z.object({ name: z.string() }) }, ({ name }) =>
    said(`Hello, ${name}!`),
  );
  const duration = z.object({ seconds: z.number(), label: z.string().optional() });
  mcp.registerTool('slow_compute', { description: 'Computes slowly.', inputSchema: duration }, ({ seconds, label }, context) => {
    const answer = said(`computed ${label ?? ''} for ${seconds} s`);
    return seconds > 0 && supportsTasks(context) ? begin(seconds * 1_000, completed(answer)) : answer;
  });
  for (const [name, run] of Object.entries(REQUIRED))
    mcp.registerTool(name, { description: 'Answers with a task.', inputSchema: z.looseObject({}) }, () => run());
  mcp.registerTool('test_tool_with_task', { description: 'Requests input, then answers with a task.' }, async (context) => {
    const name = nameOf(context);
    if (name !== undefined) return begin(0, completed(said(`Hello, ${name}!`)));
    return inputRequired({ inputRequests: askName, requestState: await codec.mint('asked') });
  });
  if (era === 'modern') serveTasks(mcp, () => source);
}

const Call = z.looseObject({
  id: z.union([z.string(), z.number()]),
  method: z.literal('tools/call'),
  params: z.looseObject({ name: z.enum(NEEDS_TASKS), _meta: z.unknown() }),
});

/** Refuses a call that only a client with task support may make. */
export async function refuseWithoutTasks(request: Request): Promise<Response | undefined> {
  if (request.headers.get('mcp-method') !== 'tools/call') return undefined;
  const body: unknown = await request.clone().json();
  const { data: call } = Call.safeParse(body);
  return call && !declaresTasks(call.params._meta) ? tasksRefusal(call.id) : undefined;
}
