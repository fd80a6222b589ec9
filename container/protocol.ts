import { z } from 'zod';

/**
 * Version of the protocol between Worker and executor. Raise it with a change that the other side's previous version cannot
 * read. Both sides accept one version up or down, because a Worker is deployed before its image.
 */
export const PROTOCOL_VERSION = 3;

/** Longest text in one event, in UTF-16 units. Longer lines and answers are split over several events. */
export const EVENT_TEXT_MAX = 65_536;

/** Longest summary of a tool's input or output in one event, in UTF-16 units. */
export const SUMMARY_MAX = 2_000;

/** Largest number of permission requests of a run that are open at once. The executor denies further ones. */
export const OPEN_ASKS_MAX = 16;

/** Maximum number of events in one page of GET /runs/:id/events. */
export const EVENT_PAGE_MAX = 1_000;

/** Size at which a page of events ends, in bytes; its last event may exceed it. */
export const EVENT_PAGE_BYTES = 1_048_576;

/** Longest wait of GET /runs/:id/events, in ms. */
export const EVENT_WAIT_MAX_MS = 25_000;

/** Largest body of PUT /runs/:id, in bytes: a fully escaped prompt of 1 MB, and the options. */
export const RUN_REQUEST_MAX_BYTES = 8_388_608;

const id = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/i);

/** Id of a run in a path. */
export const RunId = id;

/** Name of a workspace. It is also a directory name, so it is never `.`, `..` or hidden. */
export const Workspace = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 letters, digits, ".", "_" or "-", beginning with a letter');

/** Limits that end a run before its CLI exits. Unknown ones are ignored, because the Worker may be newer. */
export const RunLimits = z.object({
  /** Longest time without output, in ms. */
  idleTimeoutMs: z.int().positive(),
  /** Longest time from the start of the run, in ms. */
  runTimeoutMs: z.int().positive(),
  /** Size of the kept start of stdout and stderr together, in bytes. */
  outputCapBytes: z.int().positive(),
  /** Size of the kept end of output beyond the cap, in bytes. */
  outputTailBytes: z.int().nonnegative(),
  /** Time between the polite signal and SIGKILL, in ms. */
  cancelGraceMs: z.int().nonnegative(),
  /** Time that a CLI may stay alive after its successful result, in ms. Absent: no limit. */
  resultGraceMs: z.int().nonnegative().optional(),
  /** Time that an MCP server has to connect before the run starts without it, in ms. Absent: the CLI's own limit. */
  mcpConnectMs: z.int().positive().optional(),
});
export type RunLimits = z.infer<typeof RunLimits>;

/** CLI conversation that a run starts or resumes. `id` is the session that the run writes to. */
export const RunSession = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('new'), id: z.uuid() }),
  z.strictObject({ mode: z.literal('resume'), id: z.uuid() }),
  z.strictObject({ mode: z.literal('latest') }),
  /** Copies the session `from`, or the workspace's latest session. */
  z.strictObject({ mode: z.literal('fork'), id: z.uuid(), from: z.uuid().optional() }),
]);
export type RunSession = z.infer<typeof RunSession>;

/** Body of PUT /runs/:id. The request is idempotent; another body with the same id is refused. */
export const RunRequest = z.strictObject({
  protocol: z.int(),
  account: id,
  provider: z.string().max(32),
  prompt: z.string().min(1),
  /** Option values by name. The executor validates them again. */
  options: z.record(z.string(), z.unknown()),
  session: RunSession,
  /** Directory that outlives the session. Default: the session's own directory. */
  workspace: Workspace.optional(),
  /** Relative path inside the workspace or inside the session's directory. */
  workingDir: z.string().max(1024).optional(),
  /** URL for the CLI's model traffic, and a token that is valid for this run only. */
  gate: z.strictObject({ baseUrl: z.url(), token: z.string().min(16).max(512) }),
  limits: RunLimits,
});
export type RunRequest = z.infer<typeof RunRequest>;

/** Body of POST /runs/:id/answers. Only the first answer to a permission request counts; every response reports that answer. */
export const RunAnswer = z.strictObject({
  ask: z.string().min(1).max(200),
  allowed: z.boolean(),
  /** Reason of a denial, for the model. */
  reason: z.string().max(2_000).optional(),
});
export type RunAnswer = z.infer<typeof RunAnswer>;

/** Tokens and cost that the CLI reported. `costUsd` is absent if the CLI does not know prices. */
export const Usage = z.object({
  inputTokens: z.int().nonnegative().default(0),
  outputTokens: z.int().nonnegative().default(0),
  cacheReadTokens: z.int().nonnegative().default(0),
  cacheWriteTokens: z.int().nonnegative().default(0),
  costUsd: z.number().nonnegative().optional(),
});
export type Usage = z.infer<typeof Usage>;

/** A denied tool call, with the CLI's reason. */
export const Denial = z.object({ tool: z.string(), input: z.string(), reason: z.string().optional() });
export type Denial = z.infer<typeof Denial>;
/** An MCP server that the run does without, and why. */
export const NotConnected = z.object({ name: z.string(), reason: z.string() });

/** Why a run ended. Only the first cause counts. */
export const EndCause = z.enum([
  'exit',
  /** The CLI stayed alive after its result. Used only if the limits have resultGraceMs. */
  'answered',
  'cancel',
  'idle_timeout',
  'run_timeout',
  /** More output, processes, memory or disk than a run may have. Version 2 knows output_cap alone of these. */
  ...(['output_cap', 'process_limit', 'out_of_memory', 'disk_full'] as const),
  'shutdown',
  'executor_lost',
  'spawn_failed',
]);
export type EndCause = z.infer<typeof EndCause>;

/** Free space of the executor's disk, and the write that did not fit. `path` is inside the state directory. */
export const DiskFigures = z.object({ freeBytes: z.number(), neededBytes: z.number().optional(), path: z.string().optional() });
export type DiskFigures = z.infer<typeof DiskFigures>;

/** Processes that the kernel killed for lack of memory, and the limit of the group in which runs are. */
export const MemoryFigures = z.object({ oomKills: z.int(), limitBytes: z.number().optional(), peakBytes: z.number().optional() });
export type MemoryFigures = z.infer<typeof MemoryFigures>;

/** A piece of the CLI's output. `end` is true for the last piece of a line with a line feed. */
export const OutputPiece = z.object({ stream: z.enum(['stdout', 'stderr']), text: z.string(), end: z.boolean() });
export type OutputPiece = z.infer<typeof OutputPiece>;

/** The CLI's result of a turn. The last one of a run counts. `answer` events with its text precede it. */
export const ResultItem = z.object({
  kind: z.literal('result'),
  /** 0 for the first result of the run. */
  index: z.int().nonnegative(),
  /** True if the text is an error message of the CLI instead of an answer. */
  isError: z.boolean(),
  /** Reported by the CLI: success, error_max_turns, error_during_execution, ... */
  subtype: z.string(),
  stopReason: z.string().optional(),
  terminalReason: z.string().optional(),
  /** HTTP status of the model API, if the API failed. */
  apiStatus: z.int().optional(),
  /** The CLI's name of the failure of the model API: max_output_tokens, connection_failed, ... */
  apiError: z.string().optional(),
  /** True for a turn that the CLI started by itself, such as one about a background task that ended. */
  isSelfStarted: z.boolean().optional(),
  errors: z.array(z.string()),
  sessionId: z.string().optional(),
  turns: z.int().optional(),
  usage: Usage.optional(),
  /** Models that answered, the last one last. */
  models: z.array(z.string()),
  denials: z.array(Denial),
  hasStructured: z.boolean(),
});
export type ResultItem = z.infer<typeof ResultItem>;

/** Meaning of one line of a CLI's output. */
export const Item = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('init'),
    sessionId: z.string().optional(),
    model: z.string().optional(),
    tools: z.int().optional(),
    notConnected: z.array(NotConnected).optional(),
  }),
  z.object({ kind: z.literal('text'), text: z.string() }),
  z.object({ kind: z.literal('thinking'), text: z.string() }),
  z.object({ kind: z.literal('tool_start'), id: z.string(), tool: z.string(), input: z.string() }),
  z.object({ kind: z.literal('tool_end'), id: z.string(), isError: z.boolean(), output: z.string() }),
  z.object({ kind: z.literal('denied'), denial: Denial }),
  /**
   * A permission request: the CLI waits for the answer with this id. `input` is the tool's whole input as JSON. The executor
   * denies longer inputs, because approvers must see everything that they allow.
   */
  z.object({ kind: z.literal('ask'), id: z.string(), tool: z.string(), input: z.string().max(EVENT_TEXT_MAX) }),
  z.object({
    kind: z.literal('retry'),
    attempt: z.int(),
    of: z.int().optional(),
    delayMs: z.number().optional(),
    status: z.int().optional(),
    error: z.string().optional(),
  }),
  /** Total usage of the run so far, and the model that answered last. */
  z.object({ kind: z.literal('usage'), usage: Usage, model: z.string().optional() }),
  /** A piece of a result's answer: of its text, or of its structured output as JSON. `index` is the result's. */
  z.object({ kind: z.literal('answer'), index: z.int(), part: z.enum(['text', 'structured']), text: z.string() }),
  ResultItem,
  /** A line without any other meaning. */
  z.object({ kind: z.literal('output') }),
]);
export type Item = z.infer<typeof Item>;

/** Reports of the executor about a run. */
export const Lifecycle = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('start'), pid: z.int(), sessionId: z.string().optional(), cliVersion: z.string().optional() }),
  /** The run has a cause to end, and the CLI received its stop signal. */
  z.object({ kind: z.literal('stopping'), cause: EndCause, limit: z.number().optional() }),
  /** The end of a permission request: answered, denied by the executor, or withdrawn by the CLI. */
  z.object({ kind: z.literal('answered'), ask: z.string(), allowed: z.boolean(), reason: z.string().optional() }),
  /** Size of the removed output between the kept start and end. */
  z.object({ kind: z.literal('dropped'), bytes: z.int() }),
  /** Always the last event of a run. */
  z.object({
    kind: z.literal('exit'),
    cause: EndCause,
    /** The exceeded limit, in its unit. */
    limit: z.number().optional(),
    code: z.int().nullable(),
    signal: z.string().nullable(),
    stdoutBytes: z.int().nonnegative(),
    stderrBytes: z.int().nonnegative(),
    /** Last lines of stderr, or why the CLI could not start. */
    detail: z.string().optional(),
    /** Present if the disk was nearly full at the end of the run, or the log could not be written. */
    disk: DiskFigures.optional(),
    /** Present if the CLI was killed by SIGKILL, and not by the executor. Only kills during the run count. */
    memory: MemoryFigures.optional(),
  }),
]);
export type Lifecycle = z.infer<typeof Lifecycle>;

/** One event of a run's log. `seq` counts from 1 without gaps; `at` is the executor's time in ms since 1970. */
export const Event = z.intersection(
  z.object({ seq: z.int().positive(), at: z.number(), line: OutputPiece.optional() }),
  z.union([Item, Lifecycle]),
);
export type Event = z.infer<typeof Event>;

/**
 * A value as an event. One of an unknown form, as another version may send, keeps its place in the log as `output`. Throws for an
 * unknown end of a run, and without a place.
 */
export function readEvent({ seq, at, line, kind, ...more }: Record<string, unknown>): Event {
  const read = Event.safeParse({ seq, at, line, kind, ...more });
  return read.data ?? Event.parse({ seq, at, line, kind: kind === 'exit' ? kind : 'output' });
}

/** Codes of refused requests, with their HTTP status. */
export const EXECUTOR_ERRORS = {
  unauthorized: 401,
  bad_request: 400,
  too_large: 413,
  protocol_mismatch: 400,
  unknown_provider: 400,
  run_not_found: 404,
  /** The run has no permission request with this id. */
  ask_not_found: 404,
  /** The cursor precedes events that were acknowledged and removed. */
  events_gone: 410,
  session_not_found: 404,
  session_busy: 409,
  run_conflict: 409,
  /** The state directory is not the one that the caller knows, so its runs are lost. */
  state_changed: 412,
  at_capacity: 429,
  disk_full: 507,
  shutting_down: 503,
  cli_missing: 501,
  internal: 500,
} as const;
export const ExecutorError = z.object({
  code: z.enum(Object.keys(EXECUTOR_ERRORS) as [keyof typeof EXECUTOR_ERRORS]),
  message: z.string(),
});
export type ExecutorError = z.infer<typeof ExecutorError>;

/** Ways to confine a run, the tightest first: namespaces by bubblewrap or by util-linux, a user of its own, or not at all. */
export const CONTAINMENT_KINDS = ['bwrap', 'unshare', 'uid', 'none'] as const;

/** Body of GET /health. */
export const Health = z.object({
  protocol: z.int(),
  /** Id of the state directory, for `?state=` of PUT /runs/:id. Another directory has no earlier runs. */
  state: z.string().optional(),
  version: z.string(),
  /** Version of each provider's CLI, or null. */
  clis: z.record(z.string(), z.string().nullable()),
  running: z.int(),
  /** Runs whose files were damaged and are kept apart. The executor's log names them. */
  quarantined: z.int().optional(),
  maxRunning: z.int(),
  freeDiskBytes: z.number(),
  memoryBytes: z.number(),
  /** How runs are confined; `none` also for a kind that this version does not know. */
  containment: z.enum(CONTAINMENT_KINDS).catch('none'),
});
export type Health = z.infer<typeof Health>;
