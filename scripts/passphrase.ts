// `npm run passphrase`: reads or generates the owner's passphrase and prints the setting that holds its hash.
import { randomBytes } from 'node:crypto';
import { hashPassphrase } from '../src/auth/sign-in/passphrase.ts';
import { CommandError, reportFailure } from './cli/command-error.ts';
import { parseFlags } from './cli/flags.ts';
import { print } from './cli/print.ts';
import { readHidden } from './cli/read-hidden.ts';

const HELP = `npm run passphrase

Reads the owner's passphrase, or generates one, and prints the setting that holds its hash.`;

const MIN_CHARS = 12;

async function run() {
  parseFlags(HELP, {});
  const given = await readHidden('Passphrase (leave empty to generate one): ');
  if (given && given.length < MIN_CHARS)
    throw new CommandError(`The passphrase has ${given.length} characters, minimum ${MIN_CHARS}.`);
  const passphrase = given || randomBytes(18).toString('base64url');
  if (!given) process.stderr.write(`Your passphrase: ${passphrase}\n`);
  print(`OWNER_PASSPHRASE_HASH=${await hashPassphrase(passphrase)}`);
}

await run().catch(reportFailure);
