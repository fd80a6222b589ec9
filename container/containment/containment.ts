import type { Health } from '../protocol.ts';

/** What a run may reach besides the system. All paths are absolute and exist. */
export interface Reach {
  /** Directories that the run may change: its HOME, conversation, working directory and scratch directory. */
  writes: string[];
  /** Files and directories that the run may read: its CLI, certificates, toolchains. */
  reads: string[];
  /** Where the run's command starts, inside one of `writes`. */
  cwd: string;
  /** The one of `writes` that tells whose run it is: the workspace, or the working directory of the conversation. */
  base: string;
}

/** A command of a run before it is confined. */
interface RunCommand {
  /** Number by which all processes of the run are found. */
  tag: string;
  argv: string[];
  /** The whole environment of the command. */
  env: Record<string, string>;
  reach: Reach;
}

/** A process to start. */
export interface ProcessPlan {
  argv: string[];
  env: Record<string, string>;
  cwd: string;
  /** Text for the file descriptor 3. */
  input3?: string;
}

/** A way to confine runs, and to keep their processes together. */
export interface Containment {
  kind: Health['containment'];
  /** Gives a run its directories, which exist below the state directory. */
  handOver: (reach: Reach) => Promise<void>;
  /** Returns the process that starts a run's command with no more than its reach. */
  confine: (command: RunCommand) => ProcessPlan;
  /** Sends a signal to the CLI and its process group; `pid` is the process that confine()'s argv started. */
  signal: (pid: number, signal: NodeJS.Signals) => void;
}
