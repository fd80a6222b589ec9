import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { listProcesses } from './processes.ts';
import { sendSignal } from './signal.ts';

/** Longest time for processes to end after SIGKILL, in ms. */
const KILL_MAX_MS = 10_000;
const KILL_INTERVAL_MS = 10;

/** Range of tags: group ids that no system assigns. */
const TAGS = { from: 1_073_741_824, to: 2_147_483_647 };

/** Creates the number by which all processes of a run are found. */
export const newProcessTag = (): string => String(randomInt(TAGS.from, TAGS.to));

/** The processes with a tag and their descendants, other than this one. */
function findTagged(processTag: string): number[] {
  const rows = listProcesses().filter(({ pid }) => pid !== process.pid);
  const found = new Set(rows.filter((row) => row.hasTag(processTag)).map(({ pid }) => pid));
  for (let size = 0; size < found.size; ) {
    size = found.size;
    for (const { pid, parent } of rows) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

/** Stops all processes with a tag, until no new one appears, because one that forks faster than it is killed would escape. */
function freezeTagged(processTag: string, deadline: number): void {
  const stopped = new Set<number>();
  for (;;) {
    const fresh = findTagged(processTag).filter((pid) => !stopped.has(pid));
    if (fresh.length === 0 || Date.now() > deadline) return;
    for (const pid of fresh) {
      sendSignal(pid, 'SIGSTOP');
      stopped.add(pid);
    }
  }
}

/** Sends SIGKILL to all processes with a tag and their descendants, until none is left. */
export async function killTagged(processTag: string): Promise<void> {
  const deadline = Date.now() + KILL_MAX_MS;
  freezeTagged(processTag, deadline);
  for (let left = findTagged(processTag); left.length > 0; left = findTagged(processTag)) {
    if (Date.now() > deadline)
      throw new Error(`Processes ${left.slice(0, 10).join(', ')} still exist ${KILL_MAX_MS} ms after SIGKILL.`);
    for (const pid of left) sendSignal(pid, 'SIGKILL');
    await delay(KILL_INTERVAL_MS);
  }
}
