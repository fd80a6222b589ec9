import { setTimeout as delay } from 'node:timers/promises';
import { type Containment, killMarked } from '../containment/contain.ts';
import { messageOf } from '../errors.ts';
import type { EndCause, Lifecycle, RunAnswer, RunLimits } from '../protocol.ts';
import type { Command, Provider } from '../providers/provider.ts';
import type { Entry, Spool } from '../spool/spool.ts';
import { collectOutput, type Stream } from './output.ts';
import { type Child, type Exit, startProcess } from './process.ts';
import { startTalk, type Talk } from './talk.ts';
import { after, watchIdle, within } from './timers.ts';

/** How long output of a run without processes may still be read, in ms. */
const DRAIN_MAX_MS = 10_000;
/** How often the exit event is tried again while the disk refuses it, in ms. */
const RETRY_MS = 1_000;
/** Names of files with certificates, which a run needs where somebody reads TLS on its way out. */
const CERTIFICATES = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'GIT_SSL_CAINFO'];
const NO_EXIT: Exit = { code: null, signal: null };

/** All that a run needs; its directories and files exist. */
export interface RunPlan {
  provider: Provider;
  command: Command;
  cwd: string;
  home: string;
  tmp: string;
  sessionId: string;
  cliVersion?: string;
  limits: RunLimits;
  mark: string;
  containment: Containment;
  spool: Spool;
  /** Called once nothing of the run is left, before its exit event can be read. */
  release: () => Promise<void>;
}

/** A run that has been started. */
export interface Run {
  /** Asks the run to end. Only the first cause of all counts. */
  stop: (cause: 'cancel' | 'shutdown') => void;
  /** Answers what the run asks, and tells which answer counts; refuses what cannot be answered. */
  answer: (answer: RunAnswer) => boolean;
  /** Resolves with the exit event in the log. */
  over: Promise<void>;
  /** Longest time between stop() and SIGKILL, in ms. */
  graceMs: number;
}

interface Ending {
  cause: EndCause;
  limit?: number;
  detail?: string;
}

interface Ended {
  ending: Ending;
  exit: Exit;
}

/** Starts a run and sees it through to its exit event, whatever happens. */
export function startRun(plan: RunPlan): Run {
  const { promise: cut, resolve: end } = Promise.withResolvers<Ending>();
  const { idleTimeoutMs, cancelGraceMs } = plan.limits;
  const append = (entries: Entry[]) =>
    plan.spool.append(entries).catch((error) => end({ cause: 'executor_lost', detail: `Events were lost: ${messageOf(error)}` }));
  const talk = startTalk(plan.command, plan.provider, (answered) => {
    idle.heard();
    void append([answered]);
  });
  // A person who is asked may take longer than a CLI may be silent.
  const idle = watchIdle(idleTimeoutMs, talk.isWaiting, () => end({ cause: 'idle_timeout', limit: idleTimeoutMs }));
  const over = drive(plan, { cut, end, append, talk, idle });
  return { stop: (cause) => end({ cause }), answer: talk.answer, over, graceMs: cancelGraceMs };
}

interface Wires {
  /** The first cause that is no exit. */
  cut: Promise<Ending>;
  end: (ending: Ending) => void;
  append: (entries: Entry[]) => Promise<void>;
  talk: Talk;
  idle: ReturnType<typeof watchIdle>;
}

async function drive(plan: RunPlan, wires: Wires): Promise<void> {
  const { append, talk, end } = wires;
  const output = collectOutput({
    capBytes: plan.limits.outputCapBytes,
    tailBytes: plan.limits.outputTailBytes,
    reader: talk.read,
    write: append,
    onCap: () => end({ cause: 'output_cap', limit: plan.limits.outputCapBytes }),
  });
  const failed = (cause: EndCause) => (error: unknown) => ({
    ending: { cause, detail: messageOf(error) } satisfies Ending,
    exit: NO_EXIT,
  });
  const { ending, exit }: Ended = await start(plan, talk)
    .then((child) => watch(plan, child, wires, output.take), failed('spawn_failed'))
    .catch(failed('executor_lost'));
  await output.finish();
  await plan.release().catch((error) => console.error(`A run's directories could not be removed: ${messageOf(error)}`));
  await appendExit(plan.spool, {
    kind: 'exit',
    cause: ending.cause,
    limit: ending.limit,
    ...exit,
    stdoutBytes: output.bytes.stdout,
    stderrBytes: output.bytes.stderr,
    detail: ending.detail ?? output.stderrExcerpt(),
  });
}

function start({ command, containment, mark, cwd, home, tmp }: RunPlan, { stdin }: Talk): Promise<Child> {
  const env = {
    ...certificates(),
    ...command.env,
    PATH: process.env.PATH ?? '',
    HOME: home,
    TMPDIR: tmp,
    LANG: 'C.UTF-8',
    ...containment.environment(mark),
  };
  return startProcess(containment.wrap(mark, command.argv), { cwd, env, stdin });
}

const certificates = () =>
  Object.fromEntries(CERTIFICATES.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));

/** Waits for the first cause to end, ends what is left of the run, and reads its output to the end. */
async function watch(plan: RunPlan, child: Child, { cut, end, append, talk, idle }: Wires, take: Take): Promise<Ended> {
  await append([{ kind: 'start', pid: child.pid, sessionId: plan.sessionId, cliVersion: plan.cliVersion }]);
  const { runTimeoutMs } = plan.limits;
  const total = after(runTimeoutMs, () => end({ cause: 'run_timeout', limit: runTimeoutMs }));
  idle.heard();
  const drained = Promise.all([pump('stdout', child, take, idle.heard), pump('stderr', child, take, idle.heard)]);
  const ending = await Promise.race([cut, child.exited.then((): Ending => ({ cause: 'exit' }))]);
  idle.stop();
  clearTimeout(total);
  talk.close();
  if (ending.cause !== 'exit') {
    await append([{ kind: 'stopping', cause: ending.cause, limit: ending.limit }]);
    plan.containment.signal(child.pid, plan.provider.stopSignal);
    await within(plan.limits.cancelGraceMs, child.exited);
  }
  const survivors = await killMarked(plan.mark).then(() => undefined, messageOf);
  if (survivors !== undefined) return { ending: { ...ending, detail: survivors }, exit: NO_EXIT };
  const exit = await child.exited;
  await within(DRAIN_MAX_MS, drained);
  child.stdout.destroy();
  child.stderr.destroy();
  await drained;
  return { ending, exit };
}

type Take = (stream: Stream, chunk: Uint8Array) => Promise<void>;

async function pump(stream: Stream, child: Child, take: Take, heard: () => void): Promise<void> {
  try {
    for await (const chunk of child[stream]) {
      heard();
      await take(stream, chunk);
    }
  } catch {
    // The pipe was closed on this side after DRAIN_MAX_MS.
  }
}

/** Without its exit event a run would look alive for ever, so a full disk is waited for. */
async function appendExit(spool: Spool, exit: Extract<Lifecycle, { kind: 'exit' }>): Promise<void> {
  while (
    !(await spool.append([exit]).then(
      () => true,
      () => false,
    ))
  )
    await delay(RETRY_MS);
  await spool.close();
}
