import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { ExecutorConfig } from '../config.ts';
import { newProcessTag } from '../containment/end.ts';
import { Refusal } from '../errors.ts';
import type { Executor } from '../executor.ts';
import type { RunRequest } from '../protocol.ts';
import { valueInRole } from '../providers/option.ts';
import { launchRun, type Run } from '../run/run.ts';
import type { Spool } from '../spool/spool.ts';
import { freeDiskBytes } from '../state/disk.ts';
import { planSession } from '../state/sessions.ts';
import { CLAIM_MS, mayTakeSlot } from './fairness.ts';
import { checkOptions } from './options.ts';
import { closeDirectories, makeRunFiles, removeRunFiles } from './prepare.ts';
import { type RunRecord, runPaths } from './record.ts';

/** An admitted run. It has a log even if its CLI could not start. */
export interface AdmittedRun {
  record: RunRecord;
  spool: Spool;
  run: Run;
}

/** Starts a run or throws a refusal. A refused request leaves no files behind. */
export async function admitRun(executor: Executor, id: string, request: RunRequest, digest: string): Promise<AdmittedRun> {
  const { provider, options, cli } = checkRequest(executor, request);
  const { config, containment, watchdog } = executor;
  const releases = [holdSlot(executor, id, request.account)];
  const releaseAll = () => releases.forEach((release) => void release());
  try {
    await checkDisk(config);
    const session = await planSession(config.stateDirectory, request, provider, executor.now());
    releases.push(holdSession(executor, session.directory));
    const paths = runPaths(config.stateDirectory, id);
    const ephemeralSession =
      valueInRole(provider, 'ephemeral', options) === true && session.isNew ? session.directory : undefined;
    const labels = { sessionId: session.launch.id, processTag: newProcessTag() };
    const record = { digest, ...labels, ephemeralSession, createdAt: executor.now() };
    const { prompt, gate, limits, protocol } = request;
    const places = { cwd: session.record.cwd, home: session.home, tmp: paths.tmp };
    const isPath = (path: string) => existsSync(resolve(places.cwd, path.replace(/^~(?=\/|$)/, session.home)));
    const { mcpConnectMs } = limits;
    const command = provider.command({
      binary: cli.binary,
      prompt,
      options,
      session: session.launch,
      gate,
      ...places,
      isPath,
      mcpConnectMs,
    });
    const releaseSource = session.source === undefined ? () => {} : holdSession(executor, session.source);
    const writes = [session.home, session.conversation, session.base, paths.tmp];
    const reach = { writes, reads: [cli.binary, ...config.readablePaths], cwd: session.record.cwd, base: session.base };
    const handOver = () => containment.handOver(reach);
    const spool = await makeRunFiles({ paths, record, session, files: command.files, handOver }).finally(releaseSource);
    const release = () =>
      closeDirectories([session.directory, paths.directory])
        .then(() => removeRunFiles(paths.tmp, record))
        .finally(releaseAll);
    const { processTag } = labels;
    const cliVersion = cli.version;
    const plan = {
      provider,
      protocol,
      command,
      home: session.home,
      tmp: paths.tmp,
      disk: { directory: config.stateDirectory, minFreeBytes: config.minFreeDiskBytes },
      reach,
      session: session.launch,
      processTag,
      cliVersion,
      limits,
      containment,
      watchdog,
      spool,
      release,
    };
    return { record, spool, run: launchRun(plan) };
  } catch (error) {
    releaseAll();
    throw error;
  }
}

/** Makes every check that needs no disk access. */
function checkRequest(executor: Executor, request: RunRequest) {
  const { providers, clis, isShuttingDown } = executor;
  if (isShuttingDown) throw new Refusal('shutting_down', 'The executor is shutting down. Retry later.');
  const provider = Object.hasOwn(providers, request.provider) ? providers[request.provider] : undefined;
  if (provider === undefined)
    throw new Refusal('unknown_provider', `Unknown provider ${request.provider}. Known: ${Object.keys(providers).join(', ')}.`);
  const options = checkOptions(provider, request.options);
  const cli = clis[provider.id];
  if (cli === undefined)
    throw new Refusal('cli_missing', `The CLI of ${provider.id} is not installed. Run npm install, or set EXECUTOR_…_BIN.`);
  checkSlot(executor, request.account);
  return { provider, options, cli };
}

function checkSlot({ config, live, refusedAt }: Executor, account: string): void {
  const now = Date.now();
  const slots = { max: config.maxRunning, running: live.values(), refusedAt };
  if (mayTakeSlot(account, slots, now)) return void refusedAt.delete(account);
  refusedAt.set(account, now);
  for (const [other, at] of refusedAt) if (now - at >= CLAIM_MS) refusedAt.delete(other);
  const usage = `${live.size} of ${config.maxRunning} runs; accounts with fewer runs have precedence`;
  throw new Refusal('at_capacity', `At capacity (${usage}). Retry later.`);
}

function holdSlot({ live }: Executor, id: string, account: string): () => void {
  live.set(id, account);
  return () => void live.delete(id);
}

async function checkDisk({ stateDirectory, minFreeDiskBytes }: ExecutorConfig): Promise<void> {
  const free = await freeDiskBytes(stateDirectory);
  if (free < minFreeDiskBytes)
    throw new Refusal('disk_full', `The executor's disk is too full (${free} bytes free, minimum ${minFreeDiskBytes}).`);
}

/** Marks a session as in use, and returns its release. Throws a refusal if it is in use already. */
export function holdSession({ busySessions }: Executor, directory: string): () => void {
  if (busySessions.has(directory))
    throw new Refusal(
      'session_busy',
      `Another run uses session ${basename(directory)}. Wait for its end, or start a new session.`,
    );
  busySessions.add(directory);
  return () => void busySessions.delete(directory);
}
