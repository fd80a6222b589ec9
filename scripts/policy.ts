// `npm run policy`: reads, sets and tests the policies of a gateway, as its owner.
import { existsSync, readFileSync } from 'node:fs';
import { parsedJson } from '../container/providers/json.ts';
import { PRESET_NAMES } from '../src/policy/preset-names.ts';
import { CommandError, reportFailure } from './cli/command-error.ts';
import { parseCommand } from './cli/flags.ts';
import type { GatewayClient } from './cli/gateway-client.ts';
import { OWNER_FLAGS, OWNER_HELP, runOwnerCommand } from './cli/owner-command.ts';
import { print } from './cli/print.ts';

const FLAGS = {
  ...OWNER_FLAGS,
  target: { type: 'string', default: 'default' },
  shadow: { type: 'boolean', default: false },
  tool: { type: 'string' },
  args: { type: 'string', default: '{}' },
} as const;

const HELP = `npm run policy -- get [--target GRANT]
npm run policy -- set FILE|PRESET [--target GRANT] [--shadow]
npm run policy -- remove [--target GRANT] [--shadow]
npm run policy -- test [FILE|PRESET] --tool NAME [--args JSON] [--target GRANT]

A preset is one of ${PRESET_NAMES.join(', ')}. A file holds a document of version "1". Without --target the policy is the account's default.
The grant of an API token is token_<id>, that of the gateway token is owner; /policies lists all grants. A --shadow policy is not applied:
the audit log records what it would decide.`;

const read = () => parseCommand(`${HELP}\n${OWNER_HELP}`, FLAGS);
type Flags = ReturnType<typeof read>['values'];

/** The name of a preset, or the text of a file. */
function readPolicy(source: string): string {
  if (PRESET_NAMES.some((name) => name === source)) return source;
  if (existsSync(source)) return readFileSync(source, 'utf8');
  throw new CommandError(`${source} is neither a file nor a preset. Presets: ${PRESET_NAMES.join(', ')}.`);
}

const policyText = (policy: unknown) => (typeof policy === 'string' ? policy : JSON.stringify(policy, null, 2));

function parseArguments(text: string): unknown {
  const parsed = parsedJson(text);
  if (parsed === undefined) throw new CommandError(`--args is not valid JSON: ${text.slice(0, 80)}`);
  return parsed;
}

async function get({ call }: GatewayClient, { target }: Flags) {
  const { policies: [state] = [] } = await call('policy_get', { target });
  if (!state) return;
  print(`${target}: ${policyText(state.policy)}`);
  print(`from ${state.from}${state.shadow === undefined ? '' : `; shadow: ${policyText(state.shadow)}`}`);
  for (const { at, by, mode, policy } of state.changes ?? [])
    print(
      `${new Date(at).toISOString()}  ${mode}  by ${by}: ${policy === null ? 'removed' : typeof policy === 'string' ? policy : 'a document'}`,
    );
}

async function set({ call }: GatewayClient, { target, shadow }: Flags, policy: string | null) {
  const { policies: [state] = [] } = await call('policy_set', { target, shadow, policy });
  const what = `${shadow ? 'Shadow policy' : 'Policy'} of ${target}`;
  print(policy === null ? `${what} removed.` : `${what} set. It takes effect with the next call.`);
  if (state?.unknownTools) print(`Unknown tools in the policy: ${state.unknownTools.join(', ')}.`);
}

async function test({ call }: GatewayClient, { target, tool, args }: Flags, source: string | undefined) {
  if (!tool) throw new CommandError('Name the --tool of the call to test.');
  const policy = source === undefined ? {} : { policy: readPolicy(source) };
  const { decision } = await call('policy_test', { target, tool, arguments: parseArguments(args), ...policy });
  if (!decision) return;
  print(`${decision.decision}: ${decision.reason} (${decision.rule})`);
  for (const { rule, used, max, unit, amount, windowS } of decision.counters ?? [])
    print(`  ${rule}: ${used} of ${max} ${unit} in ${windowS} s; this call adds ${amount}`);
}

await runOwnerCommand(
  {
    get,
    set: (gateway, flags, source) => {
      if (source === undefined) throw new CommandError('Name the file or preset to set.');
      return set(gateway, flags, readPolicy(source));
    },
    remove: (gateway, flags) => set(gateway, flags, null),
    test,
  },
  read,
).catch(reportFailure);
