import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimPort, LOOPBACK } from '../../scripts/local/port.ts';
import { executor, worker } from '../../scripts/local/services.ts';
import { lockStateDirectory } from '../../scripts/local/state.ts';
import { connect, type McpClient } from '../helpers/mcp-client.ts';
import { type MemoryGroup, openMemoryGroup } from '../helpers/memory-group.ts';
import { writeConfig } from '../helpers/wrangler-config.ts';
import { type Disk, openDisk } from './disk.ts';
import { openJournal } from './journal.ts';
import { type Delivery, type Link, openLink } from './link.ts';
import { type Part, partOf } from './part.ts';

const EXECUTOR_TOKEN = 'a-made-up-executor-token';
const GATEWAY_TOKEN = 'a-made-up-gateway-token';
/** An address without a listener, because the seeded CLI calls no model. */
const NOWHERE = `http://${LOOPBACK}:9`;

const RATE_LIMIT = 1_000_000;
/** Memory of the executor with its runs: far more than they need. */
const MEMORY_BYTES = 1_610_612_736;
const CRASHING_WORKER = join(import.meta.dirname, '../fixtures/crashing-worker.ts');

/** The files of the seeded CLI, which a confined run has to read. */
const SEEDED_CLI = ['../fixtures/seeded-cli.ts', 'script.ts', 'random.ts'].map((name) => join(import.meta.dirname, name));

/** The gateway in parts: the Worker in workerd, a network that can fail, and the executor with the seeded CLI. */
export interface Rig extends Pick<McpClient, 'call' | 'close'> {
  worker: Part;
  executor: Part;
  link: Link;
  /** State directory of all parts, with their logs. */
  state: string;
  /** The executor's state directory, and the disk on which it is. */
  executorState: string;
  disk: Disk;
  /** Whether runs have a limit of memory, so that the kernel kills one that exceeds it. */
  limitsMemory: boolean;
  /** An argument of every process of a run. */
  tag: string;
  journal: () => string[];
  /** Crashes an object of the Worker. */
  crash: (kind: 'job' | 'account', name: string) => Promise<void>;
  /** Requests a path of the executor directly. */
  askExecutor: (path: string) => Promise<Response>;
  /** Ends all parts. Removes the state directory with its logs if `removes` is true. */
  stop: (removes: boolean) => Promise<void>;
}

/** Writes a copy of wrangler.toml with the crashing Worker and with high rate limits. */
const configIn = (state: string) =>
  writeConfig(state, (text) =>
    text.replace('"src/index.ts"', JSON.stringify(CRASHING_WORKER)).replaceAll(/limit = \d+/g, `limit = ${RATE_LIMIT}`),
  );

/** The executor. With a group of processes, it and its runs are in it. */
function executorPart(state: string, journal: number, tag: string, group: MemoryGroup | undefined): Part {
  const spec = executor(state, EXECUTOR_TOKEN);
  const added = {
    EXECUTOR_CLAUDE_BIN: process.execPath,
    EXECUTOR_GROK_BIN: process.execPath,
    EXECUTOR_MIN_FREE_DISK_BYTES: '0',
    EXECUTOR_READABLE_PATHS: SEEDED_CLI.join(','),
    SEEDED_JOURNAL: String(journal),
    SEEDED_TAG: tag,
    SEEDED_KILL: group ? 'hoard' : 'signal',
  };
  const argv = () => ['test/fixtures/seeded-executor.ts'];
  const part = partOf({ ...spec, argv, env: (port) => ({ ...spec.env(port), ...added }) });
  const start = () => part.start().then(() => group?.add(part.pid()));
  return { ...part, start };
}

function workerPart(state: string, port: number, bindings: Record<string, string>): Part {
  const spec = worker(state, port, bindings);
  return partOf({ ...spec, message: { ...spec.message, config: configIn(state) } });
}

/** Starts all parts. `limits` are variables of the Worker. */
export async function openRig(limits: Record<string, string>, deliver: (method: string, path: string) => Delivery): Promise<Rig> {
  const state = mkdtempSync(join(tmpdir(), 'rig-'));
  lockStateDirectory(state);
  const tag = `9${Date.now()}${process.pid}`;
  const journal = await openJournal();
  const executorState = join(state, 'executor');
  const disk = openDisk(executorState);
  const group = openMemoryGroup(MEMORY_BYTES);
  const executorSide = executorPart(state, journal.port, tag, group);
  const link = await openLink(executorSide.url, deliver);
  const port = await claimPort(0);
  const origin = `http://${LOOPBACK}:${port}`;
  const keys = { ANTHROPIC_API_KEY: 'made-up', XAI_API_KEY: 'made-up', GATEWAY_TOKEN };
  const upstreams = { ANTHROPIC_UPSTREAM_URL: NOWHERE, XAI_UPSTREAM_URL: NOWHERE, GATE_URL: `${NOWHERE}/gate` };
  const workerSide = workerPart(state, port, { ...limits, ...keys, ...upstreams, EXECUTOR_URL: link.url, EXECUTOR_TOKEN });
  const stop = async (removes: boolean) => {
    link.close();
    journal.close();
    await Promise.all([workerSide.end('SIGKILL'), executorSide.end('SIGTERM')]);
    group?.remove();
    disk.unmount();
    if (removes) rmSync(state, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await Promise.all([executorSide.start(), workerSide.start()]);
    const client = await connect(`${origin}/mcp`, GATEWAY_TOKEN);
    return {
      ...client,
      worker: workerSide,
      executor: executorSide,
      link,
      state,
      executorState,
      disk,
      limitsMemory: group !== undefined,
      tag,
      journal: journal.lines,
      crash: async (kind, name) => void (await fetch(`${origin}/__crash/${kind}/${name}`, { method: 'POST' })),
      askExecutor: (path) => fetch(`${executorSide.url()}${path}`, { headers: { authorization: `Bearer ${EXECUTOR_TOKEN}` } }),
      stop: (removes) => client.close().then(() => stop(removes)),
    };
  } catch (error) {
    await stop(false);
    throw error;
  }
}
