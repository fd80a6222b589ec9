import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { killTagged } from '../containment/end.ts';
import { errnoOf, messageOf } from '../errors.ts';
import { appendExit } from '../run/run.ts';
import { openSpool, type Spool } from '../spool/spool.ts';
import { readJsonFile, removeTree } from '../state/files.ts';
import { discardPreparation, removeRunFiles } from './prepare.ts';
import { quarantineRun } from './quarantine.ts';
import { RunRecord, runPaths } from './record.ts';

/** A run of an earlier executor, with its log unless that was acknowledged. */
export interface RecoveredRun {
  record: RunRecord;
  spool?: Spool;
}

/** Ends the runs that an earlier executor left in this state directory. Returns all known runs by id. Quarantines damaged ones. */
export async function recoverRuns(stateDirectory: string): Promise<Map<string, RecoveredRun>> {
  const recovered = new Map<string, RecoveredRun>();
  for (const id of await readdir(join(stateDirectory, 'runs'))) {
    try {
      const run = await recoverRun(stateDirectory, id);
      if (run !== undefined) recovered.set(id, run);
    } catch (error) {
      await quarantineRun(stateDirectory, id, error);
    }
  }
  return recovered;
}

/** Returns undefined for a run that never started, whose files it removes. Throws for damaged files. */
async function recoverRun(stateDirectory: string, id: string): Promise<RecoveredRun | undefined> {
  const paths = runPaths(stateDirectory, id);
  const record = await readJsonFile(paths.record, RunRecord);
  if (record === undefined) {
    if (await mayExist(paths.record)) throw new Error('run.json is not a valid record');
    return void (await removeTree(paths.directory));
  }
  if (record.preparing !== undefined) return void (await discardPreparation(paths.directory, record.preparing));
  if (record.acknowledged !== undefined) return { record };
  return { record, spool: await recoverLog(paths, record) };
}

async function recoverLog(paths: ReturnType<typeof runPaths>, record: RunRecord): Promise<Spool> {
  const spool = await openSpool(paths.spool).catch(async (error) => {
    await killTagged(record.processTag);
    throw error;
  });
  if (spool.isEnded()) {
    await spool.close();
    return spool;
  }
  await killTagged(record.processTag);
  await removeRunFiles(paths.tmp, record).catch((error) =>
    console.error(`A run's directories could not be removed: ${messageOf(error)}`),
  );
  const lost = { kind: 'exit', cause: 'executor_lost', code: null, signal: null, stdoutBytes: 0, stderrBytes: 0 } as const;
  const detail = 'The executor ended during the run. Its processes were ended, and later output is lost.';
  // Not awaited, because on a full disk it succeeds only later.
  void appendExit(spool, { ...lost, detail });
  return spool;
}

/** False only if nothing is at a path. An entry that cannot be read counts, because its run must not be taken for absent. */
const mayExist = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    (error) => errnoOf(error) !== 'ENOENT',
  );
