import { z } from 'zod';

/**
 * What the Worker and the executor say to each other. A change that the other side's previous version cannot read raises
 * PROTOCOL_VERSION; both sides accept one version up or down, because a Worker goes live before its image does.
 */
export const PROTOCOL_VERSION = 2;

/** Longest text, in UTF-16 units, that one event carries; longer lines and answers are split over several events. */
export const EVENT_TEXT_MAX = 65_536;

/** Longest summary of a tool's input or output in an event, in UTF-16 units. */
export const SUMMARY_MAX = 2_000;

/** Most events in one page of GET /runs/:id/events. */
export const EVENT_PAGE_MAX = 1_000;

/** A page of events ends after the event that brings it to this many bytes. */
export const EVENT_PAGE_BYTES = 1_048_576;

/** Longest wait of GET /runs/:id/events, in ms. */
export const EVENT_WAIT_MAX_MS = 25_000;

/** Largest body of PUT /runs/:id, in bytes: a 1 MB prompt in JSON's longest escapes, and the options. */
export const RUN_REQUEST_MAX_BYTES = 8_388_608;

const id = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/i);

/** Id of a run, as in its path. */
export const RunId = id;

/** Name of a workspace. It names a directory as well: none is `.`, `..` or hidden. */
export const Workspace = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 letters, digits, ".", "_" or "-", beginning with a letter');

/** When a run is ended although its CLI goes on. */
export const RunLimits = z.strictObject({
  /** ms without a byte of output, where the CLI streams. */
  idleTimeoutMs: z.int().positive(),
  /** ms from the start of the run. */
  runTimeoutMs: z.int().positive(),
  /** Bytes of stdout and stderr together that are kept from the start. */
  outputCapBytes: z.int().positive(),
  /** Bytes of output past the cap that are kept from the end. */
  outputTailBytes: z.int().nonnegative(),
  /** ms between the polite signal and SIGKILL. */
  cancelGraceMs: z.int().nonnegative(),
});
export type RunLimits = z.infer<typeof RunLimits>;

/** Which CLI conversation a run continues or starts; `id` names the session that the run writes to. */
export const RunSession = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('new'), id: z.uuid() }),
  z.strictObject({ mode: z.literal('resume'), id: z.uuid() }),
  z.strictObject({ mode: z.literal('latest') }),
  /** `from` absent: a copy of the workspace's latest session. */
  z.strictObject({ mode: z.literal('fork'), id: z.uuid(), from: z.uuid().optional() }),
]);
export type RunSession = z.infer<typeof RunSession>;

/** Body of PUT /runs/:id. Sending it again is harmless; another body under the same id is refused. */
export const RunRequest = z.strictObject({
  protocol: z.int(),
  account: id,
  provider: z.string().max(32),
  prompt: z.string().min(1),
  /** The provider's options by name, checked again against its table. */
  options: z.record(z.string(), z.unknown()),
  session: RunSession,
  /** Directory that outlives the session; absent: the session's own. */
  workspace: Workspace.optional(),
  /** Relative path inside the workspace or the session's directory. */
  workingDir: z.string().max(1024).optional(),
  /** Where the CLI sends model traffic, and the token of this run alone that it shows there. */
  gate: z.strictObject({ baseUrl: z.url(), token: z.string().min(16).max(512) }),
  limits: RunLimits,
});
export type RunRequest = z.infer<typeof RunRequest>;

/** Body of POST /runs/:id/answers. The first answer to an ask counts; another one changes nothing and is told which did. */
export const RunAnswer = z.strictObject({
  ask: z.string().min(1).max(200),
  allowed: z.boolean(),
  /** What the model is told of a no. */
  reason: z.string().max(2_000).optional(),
});
export type RunAnswer = z.infer<typeof RunAnswer>;

/** Tokens and money, as far as the CLI told. Zero cost from a CLI that does not know prices is absent. */
export const Usage = z.object({
  inputTokens: z.int().nonnegative().default(0),
  outputTokens: z.int().nonnegative().default(0),
  cacheReadTokens: z.int().nonnegative().default(0),
  cacheWriteTokens: z.int().nonnegative().default(0),
  costUsd: z.number().nonnegative().optional(),
});
export type Usage = z.infer<typeof Usage>;

/** A tool call that was refused, with what the CLI said of it. */
export const Denial = z.object({ tool: z.string(), input: z.string(), reason: z.string().optional() });
export type Denial = z.infer<typeof Denial>;

/** Why a run ended: the first cause wins, later ones change nothing. */
export const EndCause = z.enum([
  'exit',
  'cancel',
  'idle_timeout',
  'run_timeout',
  'output_cap',
  'shutdown',
  'executor_lost',
  'spawn_failed',
]);
export type EndCause = z.infer<typeof EndCause>;

/** A piece of the CLI's own output; `end` marks the end of a line that had a line feed. */
export const OutputPiece = z.object({ stream: z.enum(['stdout', 'stderr']), text: z.string(), end: z.boolean() });
export type OutputPiece = z.infer<typeof OutputPiece>;

/** The CLI's own verdict on a turn. A run may have several; the last one counts. Its text came before it as `answer` events. */
export const ResultItem = z.object({
  kind: z.literal('result'),
  /** 0 for the first result of the run. */
  index: z.int().nonnegative(),
  /** True where the answer's text is an error message of the CLI and no answer. */
  isError: z.boolean(),
  /** The CLI's word: success, error_max_turns, error_during_execution, ... */
  subtype: z.string(),
  stopReason: z.string().optional(),
  terminalReason: z.string().optional(),
  /** HTTP status of the model API when that is what failed. */
  apiStatus: z.int().optional(),
  errors: z.array(z.string()),
  sessionId: z.string().optional(),
  turns: z.int().optional(),
  usage: Usage.optional(),
  models: z.array(z.string()),
  denials: z.array(Denial),
  hasStructured: z.boolean(),
});
export type ResultItem = z.infer<typeof ResultItem>;

/** What one line of a CLI means, before it has a place in the log. */
export const Item = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('init'),
    sessionId: z.string().optional(),
    model: z.string().optional(),
    tools: z.int().optional(),
  }),
  z.object({ kind: z.literal('text'), text: z.string() }),
  z.object({ kind: z.literal('thinking'), text: z.string() }),
  z.object({ kind: z.literal('tool_start'), id: z.string(), tool: z.string(), input: z.string() }),
  z.object({ kind: z.literal('tool_end'), id: z.string(), isError: z.boolean(), output: z.string() }),
  z.object({ kind: z.literal('denied'), denial: Denial }),
  /**
   * The CLI asks whether it may make a call, and waits for the answer to this id. `input` is all of the tool's input as JSON: what is
   * longer cannot be shown whole, and the executor refuses it, because nobody is to allow what they were not shown.
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
  /** Running total of the run so far. */
  z.object({ kind: z.literal('usage'), usage: Usage }),
  /** A piece of the answer (`text`) or of its structured output as JSON (`structured`) of the result with this index. */
  z.object({ kind: z.literal('answer'), index: z.int(), part: z.enum(['text', 'structured']), text: z.string() }),
  ResultItem,
  /** A line that says nothing we show. */
  z.object({ kind: z.literal('output') }),
]);
export type Item = z.infer<typeof Item>;

/** What the executor itself reports about a run. */
export const Lifecycle = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('start'), pid: z.int(), sessionId: z.string().optional(), cliVersion: z.string().optional() }),
  /** A cause has been found and the CLI was told to stop. */
  z.object({ kind: z.literal('stopping'), cause: EndCause, limit: z.number().optional() }),
  /** What the CLI was told about an ask, or why it waits no longer: the executor refused it, or the CLI took it back. */
  z.object({ kind: z.literal('answered'), ask: z.string(), allowed: z.boolean(), reason: z.string().optional() }),
  /** Output between head and tail that was not kept. */
  z.object({ kind: z.literal('dropped'), bytes: z.int() }),
  /** Always the last event of a run. */
  z.object({
    kind: z.literal('exit'),
    cause: EndCause,
    /** The figure that was passed, in the unit of its limit. */
    limit: z.number().optional(),
    code: z.int().nullable(),
    signal: z.string().nullable(),
    stdoutBytes: z.int().nonnegative(),
    stderrBytes: z.int().nonnegative(),
    /** Last lines of stderr, or why the CLI could not be started. */
    detail: z.string().optional(),
  }),
]);
export type Lifecycle = z.infer<typeof Lifecycle>;

/** One entry of a run's log. `seq` is dense from 1; `at` is ms since 1970 on the executor's clock. */
export const Event = z.intersection(
  z.object({ seq: z.int().positive(), at: z.number(), line: OutputPiece.optional() }),
  z.union([Item, Lifecycle]),
);
export type Event = z.infer<typeof Event>;

/** Why the executor refuses a request. Each has one HTTP status. */
export const EXECUTOR_ERRORS = {
  unauthorized: 401,
  bad_request: 400,
  too_large: 413,
  protocol_mismatch: 400,
  unknown_provider: 400,
  run_not_found: 404,
  /** The run has asked nothing under this id. */
  ask_not_found: 404,
  /** The cursor lies before events that were acknowledged and removed. */
  events_gone: 410,
  session_not_found: 404,
  session_busy: 409,
  run_conflict: 409,
  /** The state directory is not the one that the caller knew: what it held is lost. */
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

/** Body of GET /health. */
export const Health = z.object({
  protocol: z.int(),
  /** Id of the state directory, as `?state=` of PUT /runs/:id wants it: another one knows nothing of earlier requests. */
  state: z.string().optional(),
  version: z.string(),
  /** Version per provider; null where the CLI is missing. */
  clis: z.record(z.string(), z.string().nullable()),
  running: z.int(),
  maxRunning: z.int(),
  freeDiskBytes: z.number(),
  memoryBytes: z.number(),
  /** How a run's processes are kept together: in a pid namespace of their own, or found by marks in the process table. */
  containment: z.enum(['namespace', 'scan']),
});
export type Health = z.infer<typeof Health>;
