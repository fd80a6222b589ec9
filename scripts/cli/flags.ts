import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { messageOf } from '../../src/errors.ts';
import { CommandError } from './command-error.ts';

function refuseFlags(options: ParseArgsOptionsConfig, error: unknown): never {
  const [why] = messageOf(error).split('. ');
  const known = Object.keys(options).map((name) => `--${name}`);
  throw new CommandError(`${why}. Known flags: ${known.join(', ')}.`);
}

/** Parses flags. Refuses unknown flags and positional arguments. */
export function parseFlags<const T extends ParseArgsOptionsConfig>(args: string[], options: T) {
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    return refuseFlags(options, error);
  }
}

/** Parses flags and positional arguments, in any order. Refuses unknown flags. */
export function parseCommand<const T extends ParseArgsOptionsConfig>(args: string[], options: T) {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    return refuseFlags(options, error);
  }
}
