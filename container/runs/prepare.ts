import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Command } from '../providers/provider.ts';
import { openSpool, type Spool } from '../spool/spool.ts';
import { PRIVATE_DIRECTORY, writeJson } from '../state/files.ts';
import { discardSession, makeSession, type SessionPlan, unmakeSession } from '../state/sessions.ts';
import type { RunRecord, runPaths } from './record.ts';

interface Plan {
  paths: ReturnType<typeof runPaths>;
  record: RunRecord;
  session: SessionPlan;
  files: Command['files'];
}

/** Makes everything on disk that a run needs; on failure nothing is left of it. */
export async function makeRunFiles({ paths, record, session, files = {} }: Plan): Promise<Spool> {
  const preparing = { madeSession: session.isNew ? session.directory : undefined };
  await mkdir(paths.directory, { recursive: true, mode: PRIVATE_DIRECTORY });
  await writeJson(paths.record, { ...record, preparing });
  try {
    await makeSession(session, record.passingSession === undefined);
  } catch (error) {
    await rm(paths.directory, { recursive: true, force: true });
    throw error;
  }
  try {
    await mkdir(paths.tmp, { recursive: true, mode: PRIVATE_DIRECTORY });
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(path), { recursive: true, mode: PRIVATE_DIRECTORY });
      await writeFile(path, text, { mode: 0o600 });
    }
    const spool = await openSpool(paths.spool);
    // Last, because a record without `preparing` is a run that an executor has begun.
    await writeJson(paths.record, record);
    return spool;
  } catch (error) {
    await rm(paths.directory, { recursive: true, force: true });
    await unmakeSession(session);
    throw error;
  }
}

/** Removes what a run left that was never begun, so that its request can be sent again. */
export async function discardPreparation(directory: string, { madeSession }: NonNullable<RunRecord['preparing']>): Promise<void> {
  if (madeSession !== undefined) await discardSession(madeSession);
  await rm(directory, { recursive: true, force: true });
}

/** Removes what is not to outlive a run. */
export async function removeRunFiles(tmp: string, { passingSession }: RunRecord): Promise<void> {
  await rm(tmp, { recursive: true, force: true });
  if (passingSession !== undefined) await rm(passingSession, { recursive: true, force: true });
}
