import type { z } from 'zod';
import type { Item, RunSession, Usage } from '../protocol.ts';
import type { KnownEnding } from './endings.ts';

/** An option of a CLI. Tool schema, stored request, argv and documents derive from it. */
export interface Option {
  /** Bounds and description; accepts undefined. The description is what a model reads, so it is one short sentence. */
  type: z.ZodType;
  /** The CLI's flag, as its --help spells it; undefined if the option acts by other means. */
  flag?: string;
  /** Arguments for a value. */
  argv?: (value: unknown) => string[];
  /** Values that disable a safeguard: they run code of others, skip permission requests, or leave the workspace. Presets deny them. */
  danger?: { op: 'eq' | 'exists' | 'not_within'; value: unknown };
  /** A file whose path is the argument, for values that may be longer than an argument. */
  file?: { flag: string; name: string; text: (value: unknown) => string };
}

/** The input of a command line. Paths are absolute; they exist once the CLI starts. */
export interface Launch {
  /** Path of the CLI's binary. */
  binary: string;
  prompt: string;
  /** Checked option values by name. */
  options: Record<string, unknown>;
  session: Exclude<RunSession, { mode: 'latest' }>;
  gate: { baseUrl: string; token: string };
  /** Working directory of the CLI. */
  cwd: string;
  /** HOME of the CLI: a directory of the session. */
  home: string;
  /** Scratch directory of the run. */
  tmp: string;
  /** Time that an MCP server has to connect, in ms. Without it, the CLI's own limit. */
  mcpConnectMs?: number;
  /** True if a path, absolute, below HOME ("~") or relative to `cwd`, exists. Without it, every path may. */
  isPath?: (path: string) => boolean;
}

/** A process to start, never through a shell. */
export interface Command {
  argv: string[];
  /** The whole environment, besides PATH, HOME, TMPDIR and LANG. */
  env: Record<string, string>;
  /** Text for stdin; without it, stdin is empty. */
  stdin?: string;
  /** Replaces `stdin` and the provider's reader if the CLI requests permissions during the run. */
  dialogue?: Dialogue;
  /** Files to write before the start, by absolute path. */
  files?: Record<string, string>;
}

/** How one run converses with its CLI, line by line over stdin and stdout. */
export interface Dialogue {
  /** The first lines for stdin. */
  opening: string[];
  /** Parses a complete line of stdout. Never throws. */
  read: (line: string) => ParsedLine;
}

/** What a line of stdout means in a dialogue. */
export interface ParsedLine {
  items: Item[];
  request?: PermissionRequest;
  /** Id of a permission request that the CLI withdrew. */
  withdrawn?: string;
  /** A line for stdin. */
  reply?: string;
  /** The CLI has finished and exits when its stdin is closed. */
  isDone?: boolean;
}

/** A CLI's request for permission to call a tool; the CLI waits for the answer. */
export interface PermissionRequest {
  id: string;
  tool: string;
  /** The whole input of the tool, as JSON. */
  input: string;
  /** Returns the line for stdin that answers; the model receives the reason of a denial. */
  answer: (allowed: boolean, reason: string) => string;
}

/** A key that a model service accepts. */
interface ServiceKey {
  /** The gateway's setting that holds the key. */
  setting: string;
  description: string;
  /** The header that carries the key. */
  header: string;
  scheme?: 'Bearer';
  /** The service's terms bind the key to one person, so the operator's serves the owner's account only. */
  isPersonal?: boolean;
  /** Header values that the service requires with this key. They are added to those that the CLI sends. */
  extra?: Record<string, string>;
}

/** Prices in USD per million tokens. */
export interface Rates {
  input: number;
  output: number;
}

/** The service that a CLI calls for its model. */
export interface Service {
  /** Base URL, which the setting `urlSetting` replaces. */
  url: string;
  urlSetting: string;
  /** Keys in order of preference: the first one that is set is used. */
  keys: ServiceKey[];
  /** Matches a key in a text, which the audit log then hides. */
  keyPattern: RegExp;
  /** A GET that succeeds with a valid key only. */
  probe: { path: string; headers?: Record<string, string> };
  /** Paths below the base URL that a run needs, by method. A POST costs money unless it is free. */
  paths: { method: string; path: RegExp; isFree?: boolean }[];
  /** The field of a request that limits its output, in tokens. */
  outputLimit: string;
  /** The highest prices of a model's input and output, in USD per million tokens. An unknown model has those of the most expensive one. */
  rates: (model: string) => Rates;
  /**
   * Makes a reader for one model response. The reader receives each JSON text in turn: the whole response, or an event of a stream.
   * It returns the usage so far, or undefined if the text reports none. Never throws.
   */
  usageReader: () => (json: string) => Usage | undefined;
}

/** Names of the options that the gateway itself acts on. */
export interface Roles {
  /** Largest cost of a run in USD. */
  budget?: string;
  /** Largest number of model turns. */
  turns?: string;
  /** JSON Schema of the answer. */
  schema?: string;
  /** True: the conversation is not kept. */
  ephemeral?: string;
}

/** Where a CLI keeps its conversations. */
export interface Conversations {
  /** A directory below HOME. It has one subdirectory for each working directory. */
  root: string;
  /** Path of a conversation in such a subdirectory. It exists once the conversation has begun. */
  file: (id: string) => string;
  /** Matches the paths below `root` of the files by which the CLI continues a conversation. Others are removed before the next run. */
  keeps: RegExp;
  /** Name of the subdirectory for a working directory; absent if the CLI continues a conversation in any directory. */
  subdirectory?: (cwd: string) => string;
}

/** An option that has no effect in a request. */
export interface IgnoredOption {
  option: string;
  /** Why, as a clause without a full stop. */
  reason: string;
}

/** What a run may do without an approver. */
interface PermissionLevel {
  /** Permission modes that agree with the level. The first one is set. */
  modes: readonly string[];
  /** Rules for calls that need no permission. */
  rules: readonly string[];
}

/** What each value of the option `may` sets, and the names of the options that it stands for. */
export interface Permissions {
  levels: Record<'read' | 'edit' | 'run', PermissionLevel>;
  /** The option that permits everything if it is true. */
  skip: string;
  /** The option that lists calls that need no permission. */
  allow: string;
  /** The option that lists calls that are denied. */
  deny: string;
  /** Tools that only change files. */
  editors: readonly string[];
}

/** Everything that the gateway knows about a CLI and its model service. */
export interface Provider {
  id: string;
  /** Name of the product, as people read it. */
  title: string;
  /** The file of the npm package `<package>-<platform>-<arch>` that is the program. Install scripts are never run. */
  program: { package: string; file: string; compression?: 'brotli' };
  service: Service;
  options: Record<string, Option>;
  roles: Roles;
  /** Undefined if the CLI has no permissions. */
  permissions?: Permissions;
  /** The request parameter that continues the workspace's latest session, by the name that this provider's users know. */
  latestParameter: string;
  /** Pairs of names of one option: ours, and the one that users of other gateways know. */
  synonyms?: readonly (readonly [string, string])[];
  /** Names that callers use by mistake, with the parameter of this provider that they mean. */
  misnamed?: Record<string, string>;
  /** Returns a message for each combination of options that the CLI does not support. */
  conflicts: (options: Record<string, unknown>) => string[];
  /** The options of a request that will have no effect, each with the reason. `isContinued`: the run continues or copies a conversation. */
  ignored?: (options: Record<string, unknown>, isContinued: boolean) => IgnoredOption[];
  /** Flags of --help that are not options here, each with its reason. */
  leftOut: Record<string, string>;
  models: { default: string; known: string[]; aliases: Record<string, string> };
  /** What `npm run demo` asks. The answer is one sentence. */
  demoPrompt: string;
  /** Tells a caller how to allow a tool call that was denied. */
  permissionHint: string;
  /** Endings of its runs that have a code of their own, the first match counts. */
  endings?: readonly KnownEnding[];
  /** When a limit that the CLI words ends, in ms since 1970, or undefined. */
  limitEnd?: (text: string, now: number) => number | undefined;
  /** Undefined if every session can be resumed. */
  conversations?: Conversations;
  command: (launch: Launch) => Command;
  /** Makes a reader for the stdout of one run of a session. The reader returns the items of a complete line. Never throws. */
  reader: (session?: Launch['session']) => (line: string) => Item[];
  /** The signal that requests a stop. */
  stopSignal: 'SIGINT' | 'SIGTERM';
}
