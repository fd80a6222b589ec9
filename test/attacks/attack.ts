import type { Rig } from './rig.ts';

/** Who attacks: each may do no more than docs/security.md says. */
type Attacker = 'stranger' | 'other account' | 'restricted connection' | 'hostile run' | 'hostile page' | 'hostile client';

/** How the gateway runs CLIs: as processes of this machine, or in containers. */
export type Mode = 'process' | 'container';

/** What an attack achieved: nothing, or what the evidence shows. */
export type Verdict = 'held' | { broken: string };

/** One row of the table: an attack that must fail. */
export interface Attack {
  attacker: Attacker;
  /** What the attacker tries, as the end of "The attacker tries to". */
  name: string;
  /** Modes in which it is tried; by default both. */
  modes?: readonly Mode[];
  run: (rig: Rig) => Promise<Verdict>;
}

/** Held if the evidence is empty, otherwise broken with it. */
export const heldIf = (evidence: string): Verdict => (evidence.trim() === '' ? 'held' : { broken: evidence.trim() });
