import type { z } from 'zod';
import type { Item, RunSession, Usage } from '../protocol.ts';

/** One option of a CLI. Tool schema, stored request, argv and README derive from it. */
export interface Option {
  /** Bounds and description; accepts undefined. The description is what a model reads, so it is one short sentence. */
  type: z.ZodType;
  /** The CLI's flag, as its --help spells it. Absent: the option acts by other means. */
  flag?: string;
  /** Arguments for a value. */
  argv?: (value: unknown) => string[];
  /** Which values take a barrier away: they run code of others, skip every question, or leave the workspace. Presets deny them. */
  danger?: { op: 'eq' | 'exists'; value: unknown };
  /** Text for a file whose path is the argument, for values that may be longer than an argument. */
  file?: { flag: string; name: string; text: (value: unknown) => string };
}

/** What is known when a command line is built. Paths are absolute; they exist once the CLI starts. */
export interface Launch {
  /** Path of the CLI's binary. */
  binary: string;
  prompt: string;
  /** Checked option values by name. */
  options: Record<string, unknown>;
  session: Exclude<RunSession, { mode: 'latest' }>;
  gate: { baseUrl: string; token: string };
  /** Directory that the CLI is started in. */
  cwd: string;
  /** The session's directory: HOME of the CLI. */
  home: string;
  /** Scratch directory of this run. */
  tmp: string;
}

/** A process to start: never a shell. */
export interface Command {
  argv: string[];
  /** The whole environment beside PATH, HOME, TMPDIR and LANG. */
  env: Record<string, string>;
  /** Text for stdin; absent: stdin is empty. */
  stdin?: string;
  /** Takes the place of `stdin` and of the provider's reader where the CLI asks before it makes a call. */
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
export interface ServiceKey {
  /** The setting of the gateway that holds it. */
  setting: string;
  description: string;
  /** The header that carries it. */
  header: string;
  scheme?: 'Bearer';
  /** Values that the service needs beside this key, by header. They are added to what the CLI sends. */
  extra?: Record<string, string>;
}

/** The service that a CLI calls for its model. */
export interface Service {
  /** Base URL, which the setting `urlSetting` replaces. */
  url: string;
  urlSetting: string;
  /** Keys in order of preference: the first one that is set is used. */
  keys: ServiceKey[];
  /** What a key looks like in a text; the audit log hides what matches. */
  keyPattern: RegExp;
  /** A GET that only a valid key passes. */
  probe: { path: string; headers?: Record<string, string> };
  /** Paths below the base URL that a run needs, by method. */
  paths: { method: string; path: RegExp }[];
  /**
   * Makes a reader for one model response. It receives each piece of JSON in turn, the whole response or one event of a stream, and
   * returns the usage so far, or undefined if the piece reports none. Never throws.
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

/** A CLI and its model service. Everything that the gateway knows about them is declared here. */
export interface Provider {
  id: string;
  /** The product's name, as people read it. */
  title: string;
  /** The npm package `<package>-<platform>-<arch>` and the file in it that is the program. Its install scripts are never run. */
  program: { package: string; file: string; compression?: 'brotli' };
  service: Service;
  options: Record<string, Option>;
  roles: Roles;
  /** Name of the request parameter that continues the workspace's latest session, as this provider's users know it. */
  latestParameter: string;
  /** Options of one meaning and two names: ours, and the one that users of other gateways know. */
  synonyms?: readonly (readonly [string, string])[];
  /** Returns a message for each combination of options that the CLI cannot do. */
  conflicts: (options: Record<string, unknown>) => string[];
  /** Flags of --help that are no option here, each with its reason. */
  leftOut: Record<string, string>;
  models: { default: string; known: string[]; aliases: Record<string, string> };
  /** How a caller permits a tool call that was denied. */
  permissionHint: string;
  command: (launch: Launch) => Command;
  /** Makes a reader for one run's stdout: it returns what a complete line means. Never throws. */
  reader: () => (line: string) => Item[];
  /** First signal of a polite stop. */
  stopSignal: 'SIGINT' | 'SIGTERM';
}
