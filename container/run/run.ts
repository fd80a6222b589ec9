import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Containment, Reach } from '../containment/containment.ts';
import { killTagged } from '../containment/end.ts';
import { readMemory } from '../containment/memory.ts';
import { messageOf } from '../errors.ts';
import type { DiskFigures, EndCause, Lifecycle, MemoryFigures, RunAnswer, RunLimits } from '../protocol.ts';
import type { Command, Launch, Provider } from '../providers/provider.ts';
import type { NewEvent, Spool } from '../spool/spool.ts';
import { diskFigures, freeDiskBytes } from '../state/disk.ts';
import { gitEnvironment } from '../state/git-config.ts';
import { watchResult } from './grace.ts';
import { collectOutput } from './output.ts';
import { type Child, type ProcessExit, startProcess } from './process.ts';
import { openStdio, type StdioSession } from './stdio.ts';
import type { Stream } from './tail.ts';
import { callAfter, waitAtMost, watchIdle } from './timers.ts';
import type { Excess, Watchdog } from './watchdog.ts';

/** Longest time to read the remaining output once all processes have ended, in ms. */
const DRAIN_MAX_MS = 10_000;
/** Pause between attempts to write the exit event, in ms. */
const EXIT_RETRY_MS = 1_000;
/** Variables that name certificate files. A run needs them behind a proxy that inspects TLS. */
const CERTIFICATES = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'GIT_SSL_CAINFO'];
/** Causes that leave no time for a polite stop. */
const EXCESSES: ReadonlySet<EndCause> = new Set<Excess['cause']>(['process_limit', 'out_of_memory', 'disk_full']);
/** The version of the protocol since which those causes are known. */
const EXCESSES_SINCE = 3;
const NO_EXIT: ProcessExit = { code: null, signal: null };

/** Everything that a run needs; its directories and files exist. */
export interface RunPlan {
  provider: Provider;
  /** The version of the protocol that the Worker of the run speaks. */
  protocol: number;
  command: Command;
  reach: Reach;
  home: string;
  tmp: string;
  session: Launch['session'];
  cliVersion?: string;
  limits: RunLimits;
  processTag: string;
  containment: Containment;
  watchdog: Watchdog;
  spool: Spool;
  /** The disk of the run's files, and the free space below which the end of the run reports it, in bytes. */
  disk: { directory: string; minFreeBytes: number };
  /** Called once all processes have ended, before readers see the exit event. */
  release: () => Promise<void>;
}

/** A started run. */
export interface Run {
  /** Stops the run. Only the first cause counts. */
  stop: (cause: 'cancel' | 'shutdown') => void;
  /** Answers a permission request and returns the answer that counts: the first one. Throws a refusal for an unknown request. */
  answer: (answer: RunAnswer) => boolean;
  /** Resolves once the exit event is in the log. */
  ended: Promise<void>;
  /** Longest time between stop() and SIGKILL, in ms. */
  graceMs: number;
}

interface RunEnding {
  cause: EndCause;
  limit?: number;
  detail?: string;
  disk?: DiskFigures | undefined;
}

interface EndedRun {
  ending: RunEnding;
  exit: ProcessExit;
}

/** Starts a run, which always ends with an exit event in its log. */
export function launchRun(plan: RunPlan): Run {
  const { promise: stopCause, resolve: end } = Promise.withResolvers<RunEnding>();
  const { idleTimeoutMs, cancelGraceMs, resultGraceMs } = plan.limits;
  let loss: RunEnding | undefined;
  const append = async (events: NewEvent[]) => {
    grace.see(events);
    // What follows lost events would hide the loss.
    if (loss) return;
    await plan.spool.append(events).catch(async (error) => {
      loss = { cause: 'executor_lost', detail: `Events were lost: ${messageOf(error)}` };
      loss.disk = await diskFigures(error, plan.disk.directory);
      end(loss);
    });
  };
  const stdio = openStdio(plan.command, plan.provider.reader(plan.session), (answered) => {
    idle.restart();
    void append([answered]);
  });
  // An approver may take longer than the idle timeout.
  const idle = watchIdle(idleTimeoutMs, stdio.isWaiting, () => end({ cause: 'idle_timeout', limit: idleTimeoutMs }));
  const grace = watchResult(resultGraceMs, stdio.isWaiting, () => end({ cause: 'answered', limit: resultGraceMs }));
  const ended = supervise(plan, { stopCause, end, append, lossOf: () => loss, stdio, idle, grace });
  return { stop: (cause) => end({ cause }), answer: stdio.answer, ended, graceMs: cancelGraceMs };
}

interface RunWiring {
  /** Resolves with the first cause other than an exit. */
  stopCause: Promise<RunEnding>;
  end: (ending: RunEnding) => void;
  append: (events: NewEvent[]) => Promise<void>;
  /** The failed write to the log, if there was one. */
  lossOf: () => RunEnding | undefined;
  stdio: StdioSession;
  idle: ReturnType<typeof watchIdle>;
  grace: ReturnType<typeof watchResult>;
}

async function supervise(plan: RunPlan, wiring: RunWiring): Promise<void> {
  const { append, stdio, end } = wiring;
  const output = collectOutput({
    capBytes: plan.limits.outputCapBytes,
    tailBytes: plan.limits.outputTailBytes,
    reader: stdio.read,
    write: append,
    onCap: () => end({ cause: 'output_cap', limit: plan.limits.outputCapBytes }),
  });
  const failed = (cause: EndCause) => (error: unknown) => ({
    ending: { cause, detail: messageOf(error) } satisfies RunEnding,
    exit: NO_EXIT,
  });
  const killsBefore = readMemory()?.oomKills ?? 0;
  const { ending: first, exit }: EndedRun = await spawnCli(plan, stdio)
    .then((child) => watchProcess(plan, child, wiring, output.take), failed('spawn_failed'))
    .catch(failed('executor_lost'));
  await output.finish();
  // The last output may be lost after the CLI has exited.
  const ending = readable(first.cause === 'exit' ? (wiring.lossOf() ?? first) : first, plan.protocol);
  const measured = { disk: ending.disk ?? (await lowDisk(plan)), memory: killerOf({ ending, exit }, killsBefore) };
  await plan.release().catch((error) => console.error(`A run's directories could not be removed: ${messageOf(error)}`));
  await appendExit(plan.spool, {
    kind: 'exit',
    cause: ending.cause,
    limit: ending.limit,
    ...exit,
    stdoutBytes: output.bytes.stdout,
    stderrBytes: output.bytes.stderr,
    detail: ending.detail ?? output.stderrExcerpt(),
    ...measured,
  });
}

/** An ending as the Worker of the run can read it: one that does not know the cause is told in words. */
function readable(ending: RunEnding, protocol: number): RunEnding {
  if (protocol >= EXCESSES_SINCE || !EXCESSES.has(ending.cause)) return ending;
  const limit = ending.limit === undefined ? '' : `, limit ${ending.limit}`;
  return { cause: 'executor_lost', detail: `The run was ended as ${ending.cause}${limit}.` };
}

/** The free space of a nearly full disk, or undefined. */
async function lowDisk({ disk: { directory, minFreeBytes } }: RunPlan): Promise<DiskFigures | undefined> {
  const freeBytes = await freeDiskBytes(directory).catch(() => minFreeBytes);
  return freeBytes < minFreeBytes ? { freeBytes } : undefined;
}

/** Kills for lack of memory during a run whose CLI was killed, and not by the executor. */
function killerOf({ ending, exit }: EndedRun, killsBefore: number): MemoryFigures | undefined {
  const memory = ending.cause === 'exit' && exit.signal === 'SIGKILL' ? readMemory() : undefined;
  return memory && { ...memory, oomKills: Math.max(0, memory.oomKills - killsBefore) };
}

function spawnCli({ command, containment, processTag, reach, home, tmp }: RunPlan, { stdin }: StdioSession): Promise<Child> {
  const trusted = certificates();
  const always = { PATH: process.env.PATH ?? '', HOME: home, TMPDIR: tmp, LANG: 'C.UTF-8', PWD: reach.cwd };
  const env = { ...trusted, ...gitEnvironment, ...command.env, ...always };
  const reads = [...reach.reads, ...Object.values(trusted)].filter((path) => existsSync(path));
  return startProcess(containment.confine({ tag: processTag, argv: command.argv, env, reach: { ...reach, reads } }), stdin);
}

const certificates = (): Record<string, string> =>
  Object.fromEntries(CERTIFICATES.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));

/** Waits for the first cause, ends all processes of the run and reads the rest of its output. */
async function watchProcess(plan: RunPlan, child: Child, wiring: RunWiring, take: Take): Promise<EndedRun> {
  const { stopCause, end, append, stdio, idle, grace } = wiring;
  await append([{ kind: 'start', pid: child.pid, sessionId: plan.session.id, cliVersion: plan.cliVersion }]);
  const { runTimeoutMs } = plan.limits;
  const cancelRunTimer = callAfter(runTimeoutMs, () => end({ cause: 'run_timeout', limit: runTimeoutMs }));
  const unwatch = plan.watchdog.watch({ pid: child.pid, tag: plan.processTag, directories: plan.reach.writes, onExcess: end });
  idle.restart();
  const drained = Promise.all([pump('stdout', child, take, idle.restart), pump('stderr', child, take, idle.restart)]);
  const ending = await Promise.race([stopCause, child.exited.then((): RunEnding => ({ cause: 'exit' }))]);
  idle.stop();
  grace.stop();
  cancelRunTimer();
  unwatch();
  stdio.close();
  if (ending.cause !== 'exit') await append([{ kind: 'stopping', cause: ending.cause, limit: ending.limit }]);
  if (ending.cause !== 'exit' && !EXCESSES.has(ending.cause)) {
    plan.containment.signal(child.pid, plan.provider.stopSignal);
    await waitAtMost(plan.limits.cancelGraceMs, child.exited);
  }
  const survivors = await killTagged(plan.processTag).then(() => undefined, messageOf);
  if (survivors !== undefined) return { ending: { ...ending, detail: survivors }, exit: NO_EXIT };
  const exit = await child.exited;
  await waitAtMost(DRAIN_MAX_MS, drained);
  child.stdout.destroy();
  child.stderr.destroy();
  await drained;
  return { ending, exit };
}

type Take = (stream: Stream, chunk: Uint8Array) => Promise<void>;

async function pump(stream: Stream, child: Child, take: Take, onData: () => void): Promise<void> {
  try {
    for await (const chunk of child[stream]) {
      onData();
      await take(stream, chunk);
    }
  } catch {
    // This side closed the pipe after DRAIN_MAX_MS.
  }
}

/** Writes the exit event, and retries until the disk accepts it, because a run without one looks alive forever. */
export async function appendExit(spool: Spool, exit: Extract<Lifecycle, { kind: 'exit' }>): Promise<void> {
  for (;;) {
    try {
      await spool.append([exit]);
      return spool.close();
    } catch {
      await delay(EXIT_RETRY_MS);
    }
  }
}
