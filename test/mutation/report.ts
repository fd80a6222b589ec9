import type { Mutant } from './mutants.ts';

/** A mutant of the sample, and how it ended: `null` if it survived, undefined if it was not tried. */
export interface Outcome {
  mutant: Mutant;
  killedBy: string | null | undefined;
  /** Why it need not be killed. */
  reason: string | undefined;
}

/** Numbers of some outcomes: those that a test should notice, those that one did, and the share in percent. */
function scoreOf(outcomes: Outcome[]) {
  const tried = outcomes.filter(({ killedBy, reason }) => killedBy !== undefined && reason === undefined);
  const killed = tried.filter(({ killedBy }) => killedBy !== null);
  return { tried: tried.length, killed: killed.length, percent: (100 * killed.length) / Math.max(1, tried.length) };
}

function row(name: string, outcomes: Outcome[]): string {
  const { tried, killed, percent } = scoreOf(outcomes);
  const explained = outcomes.filter(({ reason, killedBy }) => reason !== undefined && killedBy === null).length;
  const cells = [
    tried,
    killed,
    tried === 0 ? '-' : `${percent.toFixed(0)} %`,
    explained,
    outcomes.filter(({ killedBy }) => killedBy === undefined).length,
  ];
  return name.padEnd(46) + cells.map((cell) => String(cell).padStart(10)).join('');
}

const isSurvivor = ({ killedBy, reason }: Outcome) => killedBy === null && reason === undefined;

/** The report: figures of each folder and file, then the survivors with their change. */
export function reportOf(outcomes: Outcome[], folderOf: (file: string) => string): string[] {
  const head = `${''.padEnd(46)}${['tried', 'killed', 'score', 'explained', 'left'].map((name) => name.padStart(10)).join('')}`;
  const byFolder = Map.groupBy(outcomes, ({ mutant }) => folderOf(mutant.file));
  const byFile = Map.groupBy(outcomes, ({ mutant }) => mutant.file);
  const sorted = (groups: Map<string, Outcome[]>) =>
    [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, of]) => row(name, of));
  const survivors = outcomes
    .filter(isSurvivor)
    .map(({ mutant: { file, line, before, after } }) => `${file}:${line}\n  - ${before}\n  + ${after}`);
  return [
    head,
    ...sorted(byFolder),
    row('all', outcomes),
    '',
    head,
    ...sorted(byFile),
    '',
    `Survivors: ${survivors.length}`,
    ...survivors.sort(),
  ];
}
