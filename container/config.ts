import { z } from 'zod';
import { formatIssues } from './errors.ts';
import { CONTAINMENT_KINDS } from './protocol.ts';

/** A whole number in a variable or a query. */
export const wholeNumber = z
  .string()
  .regex(/^\d{1,15}$/, 'expected a whole number')
  .transform(Number);

/** Values separated by commas. */
const listOf = <T extends z.ZodType<string, string>>(entry: T) =>
  z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(entry));

/** The environment variables of the executor, other than EXECUTOR_<PROVIDER>_BIN. */
export const ExecutorEnvironment = z.object({
  EXECUTOR_TOKEN: z
    .string('required: the bearer token of callers')
    .min(16, 'expected at least 16 characters')
    .describe('Bearer token that the gateway sends, at least 16 characters. Required.'),
  EXECUTOR_STATE: z
    .string('required: a directory for runs, sessions and workspaces')
    .min(1)
    .describe('Directory of all stored data: runs, sessions and workspaces. Required.'),
  EXECUTOR_HOST: z.string().min(1).default('127.0.0.1').describe('Address to listen on.'),
  EXECUTOR_PORT: wholeNumber.pipe(z.int().max(65_535)).default(8080).describe('Port to listen on; 0 selects a free one.'),
  EXECUTOR_MAX_RUNNING: wholeNumber.pipe(z.int().positive()).default(32).describe('Runs at once; beyond that jobs wait.'),
  EXECUTOR_MIN_FREE_DISK_BYTES: wholeNumber
    .default(536_870_912)
    .describe("Free bytes of the state directory's disk below which runs are refused."),
  EXECUTOR_RETENTION_DAYS: wholeNumber
    .pipe(z.int().min(1).max(3_650))
    .default(30)
    .describe(
      'Days after which a conversation that no run used is removed, with the files of its CLI; at least RETENTION_DAYS of the Worker.',
    ),
  EXECUTOR_RUN_PROCESSES: wholeNumber
    .pipe(z.int().positive())
    .default(1_024)
    .describe('Processes of one run at once. A run with more is ended as `process_limit`.'),
  EXECUTOR_RUN_MEMORY_BYTES: wholeNumber
    .pipe(z.int().positive())
    .default(8_589_934_592)
    .describe(
      'Memory of all processes of one run, in bytes, and never more than three quarters of what the executor has. A run that uses more is ended as `out_of_memory`.',
    ),
  EXECUTOR_RUN_DISK_BYTES: wholeNumber
    .pipe(z.int().positive())
    .default(10_737_418_240)
    .describe(
      'Bytes that one run may add to its directories. A run that adds more, or the one that adds most when the disk is nearly full, is ended as `disk_full`.',
    ),
  EXECUTOR_CLIS: z
    .string()
    .min(1)
    .optional()
    .describe("Directory that holds each CLI under its provider's id, in place of the npm packages."),
  EXECUTOR_CONTAINMENT: listOf(z.enum(CONTAINMENT_KINDS))
    .default([...CONTAINMENT_KINDS])
    .describe(
      `Ways to confine runs, separated by commas; the first one that works is used: ${CONTAINMENT_KINDS.join(', ')}. Without \`none\` the executor does not start where no other works.`,
    ),
  EXECUTOR_READABLE_PATHS: listOf(z.string().startsWith('/', 'expected absolute paths'))
    .default([])
    .describe(
      'Directories and files that confined runs may also read, such as a toolchain outside /usr; absolute, separated by commas.',
    ),
});

/** The executor's settings. */
export type ExecutorConfig = ReturnType<typeof parseConfig>;

/** Parses the environment. Throws an error of one line that names each invalid variable. */
export function parseConfig(env: Record<string, string | undefined>) {
  const { data, error } = ExecutorEnvironment.safeParse(env);
  if (error) throw new Error(`Invalid configuration: ${formatIssues(error)}`);
  const binaries = Object.entries(env).flatMap(([name, path]) => {
    const provider = /^EXECUTOR_([A-Z0-9]+)_BIN$/.exec(name)?.[1];
    return provider && path ? [[provider.toLowerCase(), path] as const] : [];
  });
  return Object.freeze({
    token: data.EXECUTOR_TOKEN,
    stateDirectory: data.EXECUTOR_STATE,
    host: data.EXECUTOR_HOST,
    port: data.EXECUTOR_PORT,
    maxRunning: data.EXECUTOR_MAX_RUNNING,
    minFreeDiskBytes: data.EXECUTOR_MIN_FREE_DISK_BYTES,
    retentionDays: data.EXECUTOR_RETENTION_DAYS,
    /** What one run may use. */
    share: {
      processes: data.EXECUTOR_RUN_PROCESSES,
      memoryBytes: data.EXECUTOR_RUN_MEMORY_BYTES,
      diskBytes: data.EXECUTOR_RUN_DISK_BYTES,
    },
    cliDirectory: data.EXECUTOR_CLIS,
    containment: data.EXECUTOR_CONTAINMENT,
    readablePaths: data.EXECUTOR_READABLE_PATHS,
    /** Paths from EXECUTOR_<PROVIDER>_BIN by provider id. They come before the directory and the npm packages. */
    binaries: Object.fromEntries(binaries),
  });
}
