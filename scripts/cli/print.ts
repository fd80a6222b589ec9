import type { Gateway } from '../local/gateway.ts';

// A reader that ends early, as in `| head`, is no failure, and no failed write ends a running gateway.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') process.exitCode = 1;
});

/** Prints a line on stdout. */
export function print(line: string) {
  process.stdout.write(`${line}\n`);
}

/** Prints the URL of a started gateway, whether and why it is offline, and the providers without a key. `wanted`: the flag that decided it. */
export function printReady({ url, settings }: Gateway, wanted?: string) {
  print(`Ready on ${url}`);
  if (settings.offline) {
    print('Offline: the bundled model endpoint answers; no model is called, nothing is spent.');
    print(`Offline because ${wanted ?? settings.whyOffline}.`);
  }
  for (const provider of settings.keyless) print(`No key for ${provider} in .dev.vars: its requests fail.`);
}
