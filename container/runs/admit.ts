import { basename } from 'node:path';
import type { Config } from '../config.ts';
import { newMark } from '../containment/contain.ts';
import { Refusal } from '../errors.ts';
import type { Executor } from '../executor.ts';
import type { RunRequest } from '../protocol.ts';
import { type Run, startRun } from '../run/run.ts';
import type { Spool } from '../spool/spool.ts';
import { freeDiskBytes } from '../state/files.ts';
import { planSession } from '../state/sessions.ts';
import { CLAIM_MS, mayTake } from './fairness.ts';
import { checkOptions } from './options.ts';
import { makeRunFiles, removeRunFiles } from './prepare.ts';
import { type RunRecord, runPaths } from './record.ts';

/** A run that was let in; it has a log even when its CLI could not be started. */
export interface Admitted {
  record: RunRecord;
  spool: Spool;
  run: Run;
}

/** Starts a run or refuses it; a refused request leaves nothing behind. */
export async function admit(executor: Executor, id: string, request: RunRequest, digest: string): Promise<Admitted> {
  const { provider, options, cli } = checkRequest(executor, request);
  const { config, containment } = executor;
  const held = [holdSlot(executor, id, request.account)];
  const letGo = () => held.forEach((release) => void release());
  try {
    await checkDisk(config);
    const session = await planSession(config.stateDirectory, request, Date.now());
    held.push(holdSession(executor, session.directory));
    const paths = runPaths(config.stateDirectory, id);
    const passingSession = options.noSessionPersistence === true && session.isNew ? session.directory : undefined;
    const record = { digest, sessionId: session.launch.id, passingSession, mark: newMark(), createdAt: Date.now() };
    const { prompt, gate, limits } = request;
    const places = { cwd: session.record.cwd, home: session.home, tmp: paths.tmp };
    const command = provider.command({ binary: cli.binary, prompt, options, session: session.launch, gate, ...places });
    const letSourceGo = session.source === undefined ? () => {} : holdSession(executor, session.source);
    const spool = await makeRunFiles({ paths, record, session, files: command.files }).finally(letSourceGo);
    const release = () => removeRunFiles(paths.tmp, record).finally(letGo);
    const { sessionId, mark } = record;
    const start = { provider, command, ...places, sessionId, cliVersion: cli.version, limits, mark, containment, spool, release };
    return { record, spool, run: startRun(start) };
  } catch (error) {
    letGo();
    throw error;
  }
}

/** All that can be refused without a look at the disk. */
function checkRequest(executor: Executor, request: RunRequest) {
  const { providers, clis, isShuttingDown } = executor;
  if (isShuttingDown) throw new Refusal('shutting_down', 'The executor is shutting down: send the request again later.');
  const provider = Object.hasOwn(providers, request.provider) ? providers[request.provider] : undefined;
  if (provider === undefined)
    throw new Refusal(
      'unknown_provider',
      `Unknown provider ${request.provider}. Expected: ${Object.keys(providers).join(', ')}.`,
    );
  const options = checkOptions(provider, request.options);
  const cli = clis[provider.id];
  if (cli === undefined)
    throw new Refusal('cli_missing', `The CLI of ${provider.id} is not installed here: npm install, or set its EXECUTOR_…_BIN.`);
  checkSlot(executor, request.account);
  return { provider, options, cli };
}

function checkSlot({ config, live, refusedAt }: Executor, account: string): void {
  const now = Date.now();
  if (mayTake(account, { max: config.maxRunning, running: live.values(), refusedAt }, now)) return void refusedAt.delete(account);
  refusedAt.set(account, now);
  for (const [other, at] of refusedAt) if (now - at >= CLAIM_MS) refusedAt.delete(other);
  throw new Refusal(
    'at_capacity',
    `${live.size} runs are going on, of at most ${config.maxRunning}, and others may come first: send the request again later.`,
  );
}

function holdSlot({ live }: Executor, id: string, account: string): () => void {
  live.set(id, account);
  return () => void live.delete(id);
}

async function checkDisk({ stateDirectory, minFreeDiskBytes }: Config): Promise<void> {
  const free = await freeDiskBytes(stateDirectory);
  if (free < minFreeDiskBytes)
    throw new Refusal('disk_full', `${free} bytes are free on the executor's disk; a run needs ${minFreeDiskBytes}.`);
}

function holdSession({ busySessions }: Executor, directory: string): () => void {
  if (busySessions.has(directory))
    throw new Refusal('session_busy', `A run is using session ${basename(directory)}: wait for its end, or fork the session.`);
  busySessions.add(directory);
  return () => void busySessions.delete(directory);
}
