// `npm run passphrase`: reads or generates the owner's passphrase and prints the setting that holds its hash.
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { hashPassphrase } from '../src/auth/sign-in/passphrase.ts';
import { CommandError, reportFailure } from './cli/command-error.ts';
import { parseFlags } from './cli/flags.ts';
import { print } from './cli/print.ts';

const HELP = `npm run passphrase

Reads the owner's passphrase, or generates one, and prints the setting that holds its hash.`;

const MIN_CHARS = 12;

/** Reads a passphrase without echoing it. */
async function readPassphrase(): Promise<string> {
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() });
  process.stderr.write('Passphrase (leave empty to generate one): ');
  const lines = createInterface({ input: process.stdin, output: silence, terminal: process.stdin.isTTY });
  const passphrase = await lines.question('');
  lines.close();
  process.stderr.write('\n');
  return passphrase;
}

async function run() {
  parseFlags(HELP, {});
  const given = await readPassphrase();
  if (given && given.length < MIN_CHARS)
    throw new CommandError(`The passphrase has ${given.length} characters, minimum ${MIN_CHARS}.`);
  const passphrase = given || randomBytes(18).toString('base64url');
  if (!given) process.stderr.write(`Your passphrase: ${passphrase}\n`);
  print(`OWNER_PASSPHRASE_HASH=${await hashPassphrase(passphrase)}`);
}

await run().catch(reportFailure);
