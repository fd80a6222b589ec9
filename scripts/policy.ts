// `npm run policy`: reads, sets and tries what connections to a gateway may call, with the owner's token.
import { existsSync, readFileSync } from 'node:fs';
import { PRESET_NAMES } from '../src/policy/preset-names.ts';
import { CommandError, reportFailure } from './cli/command-error.ts';
import { parseCommand } from './cli/flags.ts';
import { type Gateway, OWNER_FLAGS, OWNER_HELP, runCommand } from './cli/owner-command.ts';
import { print } from './cli/print.ts';

const FLAGS = {
  ...OWNER_FLAGS,
  target: { type: 'string', default: 'default' },
  shadow: { type: 'boolean', default: false },
  tool: { type: 'string' },
  args: { type: 'string', default: '{}' },
  help: { type: 'boolean', default: false },
} as const;

const HELP = `npm run policy -- get [--target GRANT]
npm run policy -- set FILE|PRESET [--target GRANT] [--shadow]
npm run policy -- remove [--target GRANT] [--shadow]
npm run policy -- test [FILE|PRESET] --tool NAME [--args JSON] [--target GRANT]

A preset is one of ${PRESET_NAMES.join(', ')}; a file holds a document of version "1". Without --target it is the account's default; the
grant of an API token is token_<id>, of the gateway token owner, and /policies lists all. --shadow only notes in the audit log what the
policy would decide. ${OWNER_HELP}`;

const read = () => parseCommand(process.argv.slice(2), FLAGS);
type Flags = ReturnType<typeof read>['values'];

/** A preset's name, or what a file holds. */
function written(source: string): string {
  if (PRESET_NAMES.some((name) => name === source)) return source;
  if (existsSync(source)) return readFileSync(source, 'utf8');
  throw new CommandError(`${source} is neither a file nor a preset. Presets: ${PRESET_NAMES.join(', ')}.`);
}

const shown = (policy: unknown) => (typeof policy === 'string' ? policy : JSON.stringify(policy, null, 2));

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CommandError(`--args is no JSON: ${text.slice(0, 80)}`);
  }
}

async function get({ call }: Gateway, { target }: Flags) {
  const { policies: [state] = [] } = await call('policy_get', { target });
  if (!state) return;
  print(`${target}: ${shown(state.policy)}`);
  print(`from ${state.from}${state.shadow === undefined ? '' : `; in shadow: ${shown(state.shadow)}`}`);
  for (const { at, by, mode, policy } of state.changes ?? [])
    print(
      `${new Date(at).toISOString()}  ${mode}  by ${by}: ${policy === null ? 'taken away' : typeof policy === 'string' ? policy : 'a document'}`,
    );
}

async function set({ call }: Gateway, { target, shadow }: Flags, policy: string | null) {
  const { policies: [state] = [] } = await call('policy_set', { target, shadow, policy });
  print(
    policy === null
      ? `Taken away from ${target}${shadow ? ', in shadow' : ''}.`
      : `Set for ${target}${shadow ? ', in shadow' : ''}: it holds from the next call on.`,
  );
  if (state?.unknownTools) print(`No tool here is named ${state.unknownTools.join(', ')}.`);
}

async function test({ call }: Gateway, { target, tool, args }: Flags, source: string | undefined) {
  if (!tool) throw new CommandError('Name the --tool of the call to try.');
  const policy = source === undefined ? {} : { policy: written(source) };
  const { decision } = await call('policy_test', { target, tool, arguments: parsed(args), ...policy });
  if (!decision) return;
  print(`${decision.decision}: ${decision.reason} (${decision.rule})`);
  for (const { rule, used, max, unit, amount, windowS } of decision.counters ?? [])
    print(`  ${rule}: ${used} of ${max} ${unit} in ${windowS} s, and this call counts ${amount}`);
}

await runCommand(
  HELP,
  {
    get,
    set: (gateway, flags, source) => {
      if (source === undefined) throw new CommandError('Name the file or preset to set.');
      return set(gateway, flags, written(source));
    },
    remove: (gateway, flags) => set(gateway, flags, null),
    test,
  },
  read,
).catch(reportFailure);
