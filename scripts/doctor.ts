// `npm run doctor`: finds out what is missing or wrong, here and in a gateway, and says what to do about each.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findClis } from '../container/clis.ts';
import { providers } from '../container/providers/index.ts';
import { isLoopback } from '../src/auth/resource.ts';
import { readConfig } from '../src/config.ts';
import type { Finding } from '../src/health/finding.ts';
import { checkKeys } from '../src/health/keys.ts';
import { checkSignIn } from '../src/health/settings.ts';
import { askGateway } from './cli/ask-gateway.ts';
import { CommandError, reportFailure } from './cli/command-error.ts';
import { parseFlags } from './cli/flags.ts';
import { print } from './cli/print.ts';
import { readDevVars } from './local/dev-vars.ts';
import { dockerVersion } from './local/docker.ts';
import { WRANGLER_DIRECTORY } from './local/environment.ts';
import { findToken } from './local/gateway-token.ts';
import { claimPort } from './local/port.ts';
import { checkBindings } from './local/settings.ts';

const FLAGS = {
  url: { type: 'string', default: 'http://127.0.0.1:8787' },
  state: { type: 'string', default: '.state' },
} as const;

/** Node strips the types of the sources from this version on. */
const NODE_NEEDED = [22, 18] as const;
const MARKS = { ok: 'ok   ', note: 'note ', wrong: 'WRONG' } as const;

function checkNode(): Finding {
  const { node } = process.versions;
  const [major = 0, minor = 0] = node.split('.').map(Number);
  const isNew = major > NODE_NEEDED[0] || (major === NODE_NEEDED[0] && minor >= NODE_NEEDED[1]);
  return { check: 'node', state: isNew ? 'ok' : 'wrong', says: isNew ? node : `${node}. Run npm ci, and start with npm run.` };
}

function checkDocker(): Finding {
  const version = dockerVersion();
  if (version === null)
    return { check: 'docker', state: 'note', says: 'None answers. npm start does without; --containers and a deploy need it.' };
  return { check: 'docker', state: 'ok', says: version };
}

async function checkClis(): Promise<Finding[]> {
  mkdirSync(WRANGLER_DIRECTORY, { recursive: true });
  const scratch = mkdtempSync(join(WRANGLER_DIRECTORY, 'doctor-'));
  try {
    const names = Object.keys(providers);
    const clis = await findClis(Object.values(providers), {}, scratch);
    return names.map((id): Finding => {
      const version = clis[id]?.version;
      if (version === undefined)
        return { check: id, state: 'wrong', says: 'Not installed. Run npm ci with optional dependencies.' };
      return { check: id, state: 'ok', says: version };
    });
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Why no gateway answers: here the port tells, elsewhere the address is wrong. */
async function checkPort(url: URL): Promise<Finding> {
  const wrong = (says: string): Finding => ({ check: 'port', state: 'wrong', says });
  if (!isLoopback(url)) return wrong(`No gateway answers on ${url.origin}. Check the address, or deploy one: npm run deploy.`);
  const port = Number(url.port) || 80;
  return claimPort(port).then(
    (): Finding => ({
      check: 'port',
      state: 'note',
      says: `No gateway answers on ${url.origin}; the port is free for npm start.`,
    }),
    () => wrong(`Port ${port} is taken, but by no gateway. Start with --port, or give --url.`),
  );
}

async function run() {
  const { url, state } = parseFlags(process.argv.slice(2), FLAGS);
  if (!URL.canParse(url)) throw new CommandError(`--url must be the address of the gateway, such as ${FLAGS.url.default}.`);
  const token = findToken(state)?.token;
  const bindings = { ...readDevVars(), GATEWAY_TOKEN: token ?? 'npm start generates one' };
  checkBindings(bindings);
  const config = readConfig(bindings);
  const here = [checkNode(), checkDocker(), ...(await checkClis())];
  const place = new URL(url);
  const there = (await askGateway(place, token ?? '')) ?? [
    await checkPort(place),
    ...checkSignIn(config),
    ...(await checkKeys(config)),
  ];
  const found = [...here, ...there];
  for (const { check, state, says } of found) print(`${MARKS[state]}  ${check.padEnd(22)} ${says}`);
  if (found.some(({ state }) => state === 'wrong')) process.exitCode = 1;
}

await run().catch(reportFailure);
