// `npm run credential`: stores, lists and removes the owner's own keys for the model services.
import { z } from 'zod';
import { CREDENTIAL_KINDS } from '../src/auth/credentials/draft.ts';
import { CommandError, reportFailure } from './cli/command-error.ts';
import { parseCommand } from './cli/flags.ts';
import { ownerApi } from './cli/owner-api.ts';
import { OWNER_FLAGS, OWNER_HELP, ownerToken } from './cli/owner-command.ts';
import { print } from './cli/print.ts';
import { readHidden } from './cli/read-hidden.ts';
import { gatewayUrl } from './local/gateway-url.ts';

const NAMES = CREDENTIAL_KINDS.map(({ name }) => name).join(', ');

const HELP = `npm run credential -- list
npm run credential -- set NAME
npm run credential -- remove NAME

Stores a key of the owner's account for a model service. NAME is one of ${NAMES}.
The value is read from stdin and never shown again.
Other people store their own at /credentials.
${OWNER_HELP}`;

const Stored = z.object({ name: z.string(), setAt: z.number(), usedAt: z.number().nullable(), isReadable: z.boolean() });
const List = z.object({ credentials: z.array(Stored) });

type Call = ReturnType<typeof ownerApi>;

async function list(call: Call) {
  const { credentials } = List.parse(await call('/api/credentials'));
  const time = (ms: number | null) => (ms === null ? 'never' : new Date(ms).toISOString());
  for (const { name, setAt, usedAt, isReadable } of credentials)
    print(`${name}  set ${time(setAt)}  used ${time(usedAt)}${isReadable ? '' : '  not readable: set it again'}`);
  if (credentials.length === 0) print('No credentials.');
}

/** The name that a subcommand needs. */
function required(name: string | undefined): string {
  if (!name) throw new CommandError(`Name the credential, one of ${NAMES}.`);
  return name;
}

const commands: Record<string, (call: Call, name: string | undefined) => Promise<void>> = {
  list,
  set: async (call, name) => {
    const body = JSON.stringify({ name: required(name), value: await readHidden(`Value of ${name}: `) });
    await call('/api/credentials', { method: 'POST', body });
    print(`Stored ${name}. It is used from the next model call on.`);
  },
  remove: async (call, name) => {
    await call(`/api/credentials/${encodeURIComponent(required(name))}`, { method: 'DELETE' });
    print(`Removed ${name}.`);
  },
};

async function run() {
  const { values, positionals } = parseCommand(HELP, OWNER_FLAGS);
  const [command = 'list', name] = positionals;
  const chosen = commands[command];
  if (!chosen) throw new CommandError(`Unknown command ${JSON.stringify(command)}. Known: ${Object.keys(commands).join(', ')}.`);
  await chosen(ownerApi(gatewayUrl(values.state, values.url), ownerToken(values.state)), name);
}

await run().catch(reportFailure);
