import type { Gateway } from '../local/gateway.ts';

/** Prints a line for the operator. */
export function say(line: string) {
  process.stdout.write(`${line}\n`);
}

/** Says where the gateway is and who answers. */
export function announce({ url, settings }: Gateway) {
  say(`Ready on ${url}`);
  if (settings.offline) say('Offline: the bundled model endpoint answers; no model is called, nothing is spent.');
  for (const provider of settings.keyless) say(`No key for ${provider} in .dev.vars: its requests fail.`);
}
