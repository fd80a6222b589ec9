import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Command } from '../providers/provider.ts';
import { openSpool, type Spool } from '../spool/spool.ts';
import { PRIVATE_DIRECTORY, removeTree, writeJsonFile } from '../state/files.ts';
import { discardSession, makeSession, removeSession, type SessionPlan } from '../state/sessions.ts';
import type { RunRecord, runPaths } from './record.ts';

interface RunFilesPlan {
  paths: ReturnType<typeof runPaths>;
  record: RunRecord;
  session: SessionPlan;
  files: Command['files'];
  /** Gives the run its directories, once they and the files exist. */
  handOver: () => Promise<void>;
}

/** Creates a run's files and opens its log. Removes everything again on failure. */
export async function makeRunFiles({ paths, record, session, files = {}, handOver }: RunFilesPlan): Promise<Spool> {
  const preparing = { madeSession: session.isNew ? session.directory : undefined };
  try {
    await mkdir(paths.directory, { recursive: true, mode: PRIVATE_DIRECTORY });
    await writeJsonFile(paths.record, { ...record, preparing });
    await makeSession(session, record.ephemeralSession === undefined);
  } catch (error) {
    await removeTree(paths.directory);
    throw error;
  }
  try {
    await mkdir(paths.tmp, { recursive: true, mode: PRIVATE_DIRECTORY });
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(path), { recursive: true, mode: PRIVATE_DIRECTORY });
      await writeFile(path, text, { mode: 0o600 });
    }
    await handOver();
    const spool = await openSpool(paths.spool);
    // Last, because a record without `preparing` means that the run has started.
    await writeJsonFile(paths.record, record);
    return spool;
  } catch (error) {
    await removeTree(paths.directory);
    await removeSession(session);
    throw error;
  }
}

/** Removes the files of a run that never started, so that its request can be sent again. */
export async function discardPreparation(directory: string, { madeSession }: NonNullable<RunRecord['preparing']>): Promise<void> {
  if (madeSession !== undefined) await discardSession(madeSession);
  await removeTree(directory);
}

/** Ends the access of a run's user to what is below directories of the executor. */
export async function closeDirectories(directories: string[]): Promise<void> {
  for (const directory of directories) await chmod(directory, PRIVATE_DIRECTORY).catch(() => {});
}

/** Removes the scratch directory and the ephemeral session of a run. */
export async function removeRunFiles(tmp: string, { ephemeralSession }: RunRecord): Promise<void> {
  await removeTree(tmp);
  if (ephemeralSession !== undefined) await removeTree(ephemeralSession);
}
