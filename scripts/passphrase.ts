// `npm run passphrase`: asks for the owner's passphrase, or makes one, and prints the setting that keeps its hash.
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { hashPassphrase } from '../src/auth/sign-in/passphrase.ts';
import { CommandError, reportFailure } from './cli/command-error.ts';
import { print } from './cli/print.ts';

const SHORTEST = 12;

/** Reads a line without showing it. */
async function ask(): Promise<string> {
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() });
  process.stderr.write('Passphrase (empty: one is made): ');
  const lines = createInterface({ input: process.stdin, output: silence, terminal: process.stdin.isTTY });
  const passphrase = await lines.question('');
  lines.close();
  process.stderr.write('\n');
  return passphrase;
}

async function run() {
  const given = await ask();
  if (given && given.length < SHORTEST)
    throw new CommandError(`The passphrase has ${given.length} characters; take ${SHORTEST} or more.`);
  const passphrase = given || randomBytes(18).toString('base64url');
  if (!given) process.stderr.write(`Your passphrase: ${passphrase}\n`);
  print(`OWNER_PASSPHRASE_HASH=${await hashPassphrase(passphrase)}`);
}

await run().catch(reportFailure);
