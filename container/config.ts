import { z } from 'zod';
import { formatIssues } from './errors.ts';

const count = z
  .string()
  .regex(/^\d{1,15}$/, 'expected a whole number')
  .transform(Number);

const Environment = z.object({
  EXECUTOR_TOKEN: z.string('required: the bearer token of callers').min(16, 'expected at least 16 characters'),
  EXECUTOR_STATE: z.string('required: a directory for runs, sessions and workspaces').min(1),
  EXECUTOR_HOST: z.string().min(1).default('127.0.0.1'),
  EXECUTOR_PORT: count.pipe(z.int().max(65_535)).default(8080),
  EXECUTOR_MAX_RUNNING: count.pipe(z.int().positive()).default(32),
  EXECUTOR_MIN_FREE_DISK_BYTES: count.default(536_870_912),
  EXECUTOR_CONTAINMENT: z.enum(['auto', 'scan']).default('auto'),
});

/** The executor's settings, from EXECUTOR_* in its environment. */
export interface Config {
  token: string;
  /** Directory of all stored data. */
  stateDirectory: string;
  host: string;
  /** Port to listen on; 0 selects a free one. */
  port: number;
  maxRunning: number;
  /** Free space of the state directory's disk below which runs are refused, in bytes. */
  minFreeDiskBytes: number;
  /** `auto` selects the strongest containment that works on this machine. */
  containment: 'auto' | 'scan';
  /** Paths from EXECUTOR_<PROVIDER>_BIN by provider id. They replace the binaries of the npm packages. */
  binaries: Readonly<Record<string, string>>;
}

/** Parses the environment. Throws an error of one line that names each invalid variable. */
export function parseConfig(env: Record<string, string | undefined>): Readonly<Config> {
  const parsed = Environment.safeParse(env);
  if (!parsed.success) throw new Error(`Invalid configuration: ${formatIssues(parsed.error)}`);
  const binaries = Object.entries(env).flatMap(([name, path]) => {
    const provider = /^EXECUTOR_([A-Z0-9]+)_BIN$/.exec(name)?.[1];
    return provider && path ? [[provider.toLowerCase(), path]] : [];
  });
  return Object.freeze({
    token: parsed.data.EXECUTOR_TOKEN,
    stateDirectory: parsed.data.EXECUTOR_STATE,
    host: parsed.data.EXECUTOR_HOST,
    port: parsed.data.EXECUTOR_PORT,
    maxRunning: parsed.data.EXECUTOR_MAX_RUNNING,
    minFreeDiskBytes: parsed.data.EXECUTOR_MIN_FREE_DISK_BYTES,
    containment: parsed.data.EXECUTOR_CONTAINMENT,
    binaries: Object.freeze(Object.fromEntries(binaries)),
  });
}
