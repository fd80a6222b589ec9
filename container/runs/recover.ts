import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { killTagged } from '../containment/contain.ts';
import { openSpool, type Spool } from '../spool/spool.ts';
import { readJsonFile } from '../state/files.ts';
import { discardPreparation, removeRunFiles } from './prepare.ts';
import { RunRecord, runPaths } from './record.ts';

/** A run of an earlier executor, with its log unless that was acknowledged. */
export interface RecoveredRun {
  record: RunRecord;
  spool?: Spool;
}

/** Ends the runs that an earlier executor left in this state directory. Returns all known runs by id. */
export async function recoverRuns(stateDirectory: string): Promise<Map<string, RecoveredRun>> {
  const recovered = new Map<string, RecoveredRun>();
  for (const id of await readdir(join(stateDirectory, 'runs'))) {
    const paths = runPaths(stateDirectory, id);
    const record = await readJsonFile(paths.record, RunRecord);
    if (record === undefined) await rm(paths.directory, { recursive: true, force: true });
    else if (record.preparing !== undefined) await discardPreparation(paths.directory, record.preparing);
    else if (record.acknowledged !== undefined) recovered.set(id, { record });
    else recovered.set(id, { record, spool: await recoverLog(paths, record) });
  }
  return recovered;
}

async function recoverLog(paths: ReturnType<typeof runPaths>, record: RunRecord): Promise<Spool> {
  const spool = await openSpool(paths.spool);
  if (!spool.isEnded()) {
    await killTagged(record.processTag);
    await removeRunFiles(paths.tmp, record);
    const lost = { kind: 'exit', cause: 'executor_lost', code: null, signal: null, stdoutBytes: 0, stderrBytes: 0 } as const;
    await spool.append([
      { ...lost, detail: 'The executor ended during the run. Its processes were ended, and later output is lost.' },
    ]);
  }
  await spool.close();
  return spool;
}
