// `npm run test:attacks`: tries every attack of the table, as processes and in containers, and prints which ones held.
import { CommandError, reportFailure } from '../../scripts/cli/command-error.ts';
import { parseFlags } from '../../scripts/cli/flags.ts';
import { print } from '../../scripts/cli/print.ts';
import { dockerVersion } from '../../scripts/local/docker.ts';
import type { Attack, Mode, Verdict } from './attack.ts';
import { hostileClient } from './hostile-client.ts';
import { hostilePage } from './hostile-page.ts';
import { hostileRun } from './hostile-run.ts';
import { otherAccount } from './other-account.ts';
import { ownKeys } from './own-keys.ts';
import { restrictedConnection } from './restricted-connection.ts';
import { openRig, type Rig } from './rig.ts';
import { stranger } from './stranger.ts';

/** All attacks, grouped by attacker. A group is a file of this folder. */
const ATTACKS: readonly Attack[] = [
  ...stranger,
  ...otherAccount,
  ...restrictedConnection,
  ...hostilePage,
  ...hostileClient,
  ...hostileRun,
  ...ownKeys,
];

const HELP = `npm run test:attacks [-- --only TEXT] [--mode process|container]

Tries attacks on a gateway and prints which ones held.

  --only TEXT  only attacks whose attacker and name contain a text
  --mode MODE  only as processes, or only in containers, which need Docker`;

const MODES: readonly Mode[] = ['process', 'container'];
const NAME_CHARS = 92;

type Outcome = Verdict | 'not tried';

const isTried = (attack: Attack, mode: Mode) => (attack.modes ?? MODES).includes(mode);

/** Tries an attack. One that could not be carried out is not held. */
const attempt = (attack: Attack, rig: Rig): Promise<Verdict> =>
  attack.run(rig).catch((error: unknown): Verdict => ({ broken: `not carried out: ${String(error)}` }));

async function tryAll(attacks: readonly Attack[], mode: Mode): Promise<Map<Attack, Outcome>> {
  const outcomes = new Map<Attack, Outcome>();
  const rig = await openRig(mode);
  try {
    for (const attack of attacks) if (isTried(attack, mode)) outcomes.set(attack, await attempt(attack, rig));
  } finally {
    await rig.stop();
  }
  return outcomes;
}

const shown = (outcome: Outcome = 'not tried') => (typeof outcome === 'string' ? outcome : 'BROKEN');

function printTable(attacks: readonly Attack[], results: Map<Mode, Map<Attack, Outcome>>): void {
  for (const [attacker, group] of Map.groupBy(attacks, (attack) => attack.attacker)) {
    print(`\n${attacker.padEnd(NAME_CHARS)}${[...results.keys()].map((mode) => mode.padEnd(11)).join('')}`);
    for (const attack of group)
      print(
        `  ${attack.name.padEnd(NAME_CHARS - 2)}${[...results.values()].map((found) => shown(found.get(attack)).padEnd(11)).join('')}`,
      );
  }
}

async function run() {
  const values = parseFlags(HELP, { only: { type: 'string' }, mode: { type: 'string' } });
  const attacks = ATTACKS.filter(({ attacker, name }) => `${attacker}: ${name}`.includes(values.only ?? ''));
  const isPossible = (mode: Mode) => mode === 'process' || dockerVersion() !== null;
  const modes = MODES.filter((mode) => values.mode === undefined || values.mode === mode);
  const results = new Map<Mode, Map<Attack, Outcome>>();
  for (const mode of modes.filter(isPossible)) results.set(mode, await tryAll(attacks, mode));
  printTable(attacks, results);
  for (const mode of modes.filter((mode) => !isPossible(mode))) print(`\nIn a ${mode}: skipped, no Docker engine answers.`);
  const broken = [...results].flatMap(([mode, found]) =>
    [...found].flatMap(([{ name }, outcome]) =>
      typeof outcome === 'object' ? [`${name} (${mode}): ${outcome.broken.slice(0, 500)}`] : [],
    ),
  );
  for (const line of broken) print(`\nBROKEN ${line}`);
  print(`\n${attacks.length} attacks.`);
  if (broken.length > 0) throw new CommandError(`${broken.length} of them did not hold.`);
}

await run().catch(reportFailure);
process.exit();
