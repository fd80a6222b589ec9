import type { Gateway } from '../local/gateway.ts';

/** Prints a line on stdout. */
export function print(line: string) {
  process.stdout.write(`${line}\n`);
}

/** Prints the URL of a started gateway, whether it is offline, and the providers without a key. */
export function printReady({ url, settings }: Gateway) {
  print(`Ready on ${url}`);
  if (settings.offline) print('Offline: the bundled model endpoint answers; no model is called, nothing is spent.');
  for (const provider of settings.keyless) print(`No key for ${provider} in .dev.vars: its requests fail.`);
}
