import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { messageOf } from '../../src/errors.ts';
import { CommandError } from './command-error.ts';
import { print } from './print.ts';

function refuseFlags(options: ParseArgsOptionsConfig, error: unknown): never {
  const [why] = messageOf(error).split('. ');
  const known = [...Object.keys(options), 'help'].map((name) => `--${name}`);
  throw new CommandError(`${why}. Known flags: ${known.join(', ')}.`);
}

const isNumber = (value: unknown) => /^\d+$/.test(String(value));

/**
 * Adds the flags that npm read itself because they were not after "--". npm passes them in the environment: "--port=1" with its value,
 * "--port 1" as true, with the value among the arguments. Refuses if a value could belong to several flags.
 */
function withNpmFlags(args: string[], options: ParseArgsOptionsConfig, env = process.env): string[] {
  if (!env.npm_lifecycle_event) return args;
  const read = Object.keys(options).flatMap((name) => {
    const value = env[`npm_config_${name.replaceAll('-', '_')}`];
    return value ? [{ name, value, needsValue: options[name]?.type === 'string' && value === 'true' }] : [];
  });
  const rest = [...args];
  const open = read.filter(({ needsValue }) => needsValue);
  const numeric = open.filter(({ name }) => isNumber(options[name]?.default));
  if (numeric.length > 1 || open.length - numeric.length > 1)
    throw new CommandError(`Separate the flags of the command from those of npm: npm run NAME -- --${open[0]?.name} VALUE ...`);
  const added = read.flatMap(({ name, value, needsValue }) => {
    if (options[name]?.type === 'boolean') return value === 'true' ? [`--${name}`] : [];
    if (!needsValue) return [`--${name}=${value}`];
    const at = rest.findLastIndex((word) => open.length === 1 || isNumber(word) === isNumber(options[name]?.default));
    return [`--${name}`, ...(at < 0 ? [] : rest.splice(at, 1))];
  });
  return [...rest, ...added];
}

/** Parses flags and positional arguments, in any order. Refuses unknown flags. --help prints `help` and ends the process. */
export function parseCommand<const T extends ParseArgsOptionsConfig>(help: string, options: T) {
  const args = process.argv.slice(2);
  if (args.some((arg) => arg === '--help' || arg === '-h')) {
    print(help);
    process.exit();
  }
  const given = withNpmFlags(args, options);
  try {
    return parseArgs({ args: given, options, allowPositionals: true });
  } catch (error) {
    return refuseFlags(options, error);
  }
}

/** Parses flags. Refuses unknown flags and positional arguments. --help prints `help` and ends the process. */
export function parseFlags<const T extends ParseArgsOptionsConfig>(help: string, options: T) {
  const { values, positionals } = parseCommand(help, options);
  if (positionals.length > 0) refuseFlags(options, `Unexpected argument ${JSON.stringify(positionals[0])}`);
  return values;
}
