import type { z } from 'zod';
import type { Item, RunSession } from '../protocol.ts';

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

/** A CLI: its options, how it is started and how its output is read. */
export interface Provider {
  id: string;
  title: string;
  options: Record<string, Option>;
  /** Name of the request parameter that continues the workspace's latest session, as this provider's users know it. */
  latestParameter: 'continueSession' | 'resumeLatest';
  /** Options of one meaning and two names: ours, and the one that users of other gateways know. */
  synonyms?: readonly (readonly [string, string])[];
  /** Messages for combinations of options that the CLI cannot do; empty when all is well. */
  conflicts: (options: Record<string, unknown>) => string[];
  /** Flags of --help that are left out, each with its reason. */
  leftOut: Record<string, string>;
  models: { default: string; known: string[]; aliases: Record<string, string> };
  command: (launch: Launch) => Command;
  /** A reader for one run's stdout: gives what a complete line means. Never throws. */
  reader: () => (line: string) => Item[];
  /** First signal of a polite stop. */
  stopSignal: 'SIGINT' | 'SIGTERM';
  /** Model API paths below the gate's base URL that a run needs, by method. */
  gatePaths: { method: string; path: RegExp }[];
}
