import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { WRANGLER_DIRECTORY } from '../../scripts/local/environment.ts';
import { type Gateway, startGateway } from '../../scripts/local/gateway.ts';
import { hashPassphrase } from '../../src/auth/sign-in/passphrase.ts';
import { type Browser, browser } from '../helpers/browser.ts';
import { startFixture } from '../helpers/fixture-process.ts';
import { type CallTool, collect, connect, type McpClient } from '../helpers/mcp-client.ts';
import { claimIssuer, makeToken, openIdArguments, openIdSettings } from '../helpers/person.ts';
import type { Mode } from './attack.ts';

/** The owner's passphrase in attacks. */
const PASSPHRASE = 'a made-up passphrase of the owner';

/** A request whose run is hostile: the prompt makes the model call the shell. */
interface HostileRequest {
  /** A shell script. */
  script: string;
  provider?: 'claude' | 'grok';
  /** Further arguments of the request. */
  args?: Record<string, unknown>;
  /** Who calls; by default the owner. */
  by?: CallTool;
}

/** A run that ended. */
interface HostileRun {
  jobId: string;
  /** What the script printed, or undefined if the shell did not finish. */
  output: string | undefined;
  /** Code of the job's failure, or undefined. */
  error: string | undefined;
}

/** A gateway under attack, offline and with the real CLIs. */
export interface Rig {
  mode: Mode;
  gateway: Gateway;
  /** State directory of the gateway on this machine. */
  state: string;
  /** The owner's client. */
  owner: McpClient;
  /** A client with a new API token of the owner's account, which has these scopes and this policy. Closed with the rig. */
  clientWith: (scopes: string[], policy?: string) => Promise<McpClient & { token: string }>;
  /** The gateway's origin. */
  origin: string;
  /** A browser in which the owner is signed in. */
  ownerBrowser: () => Promise<Browser>;
  /** An API token of another account: of a person who signed in at an OpenID provider. */
  otherToken: () => Promise<string>;
  /** Arguments with which a provider's run may call its shell without permission. */
  permitted: Record<'claude' | 'grok', Record<string, unknown>>;
  /** Runs a script in the shell of a run. */
  hostile: (request: HostileRequest) => Promise<HostileRun>;
  /** Like `hostile`, and returns the script's output. Rejects if the shell did not finish, because then the attack was not carried out. */
  outputOf: (request: HostileRequest) => Promise<string>;
  stop: () => Promise<void>;
}

const CreatedToken = z.object({ token: z.string(), id: z.string() });
/** What the shell prints around the output of a script. */
const MARKS = { begin: 'output-begins', end: 'output-ends' };
const OUTPUT = new RegExp(`${MARKS.begin}\\n([\\s\\S]*?)\\n?${MARKS.end}`);

/** A prompt that makes the bundled model call the shell once. The script is encoded, because a directive ends at a bracket. */
export const shellPrompt = (script: string): string =>
  `[mock:tool echo ${MARKS.begin}; echo ${Buffer.from(script).toString('base64')} | base64 -d | bash 2>&1; echo ${MARKS.end}]`;

/** What one run may use, so that an attack reaches it soon. */
const SHARE = { EXECUTOR_RUN_MEMORY_BYTES: '1500000000', EXECUTOR_RUN_DISK_BYTES: '300000000' };

/** Starts a gateway. `variables` replace its settings. */
export async function openRig(mode: Mode, variables: Record<string, string> = {}): Promise<Rig> {
  mkdirSync(WRANGLER_DIRECTORY, { recursive: true });
  const state = mkdtempSync(join(WRANGLER_DIRECTORY, 'attacks-'));
  const stop = new AbortController();
  const issuer = await claimIssuer();
  const signIn = { ...openIdSettings(issuer, 'alice@example.com'), OWNER_PASSPHRASE_HASH: await hashPassphrase(PASSPHRASE) };
  const options = {
    port: 0,
    state,
    offline: true,
    containers: mode === 'container',
    variables: { ...SHARE, ...signIn, ...variables },
    print: () => {},
  };
  const gateway = await startGateway(options, stop.signal);
  const { origin } = new URL(gateway.url);
  const provider = await startFixture('openid-provider.mjs', ...openIdArguments(issuer, origin));
  const owner = await connect(gateway.url, gateway.settings.token);
  const clients: McpClient[] = [owner];

  const clientWith: Rig['clientWith'] = async (scopes, policy) => {
    const headers = { authorization: `Bearer ${gateway.settings.token}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ name: 'attacker', scopes, days: 1 });
    const made = await fetch(new URL('/api/tokens', gateway.url), { method: 'POST', headers, body });
    const { token, id } = CreatedToken.parse(await made.json());
    if (policy !== undefined) await mustCall(owner.call, 'policy_set', { target: `token_${id}`, policy });
    const client = await connect(gateway.url, token);
    clients.push(client);
    return { ...client, token };
  };

  const ownerBrowser = async () => {
    const person = browser(fetch);
    await person.submit(await person.go(`${origin}/sign-in`), '/sign-in', { passphrase: PASSPHRASE });
    return person;
  };
  const otherToken = () => makeToken(origin, issuer, 'alice');

  const permitted = { claude: { permissionMode: 'bypassPermissions' }, grok: { permissionMode: 'bypassPermissions' } };

  const hostile: Rig['hostile'] = async ({ script, provider = 'claude', args = permitted[provider], by = owner.call }) => {
    const started = await by(`${provider}_request_async`, { prompt: shellPrompt(script), forceRefresh: true, ...args });
    if (!started.job) throw new Error(`The run did not start: ${JSON.stringify(started.error)}`);
    const { answer, error, job } = await collect(by, started.job.id);
    return { output: OUTPUT.exec(answer?.text ?? '')?.[1], jobId: started.job.id, error: error?.code ?? job?.error?.code };
  };

  const outputOf: Rig['outputOf'] = async (request) => {
    const { output, error } = await hostile(request);
    if (output === undefined) throw new Error(`the shell did not finish: ${error}`);
    return output;
  };

  return {
    ...{ mode, gateway, state, owner, clientWith, origin, ownerBrowser, otherToken, permitted, hostile, outputOf },
    stop: async () => {
      await Promise.all(clients.map((client) => client.close()));
      stop.abort();
      await Promise.all([gateway.ended, provider.stop()]);
      rmSync(state, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function mustCall(call: CallTool, tool: string, args: Record<string, unknown>): Promise<void> {
  const { ok, error } = await call(tool, args);
  if (!ok) throw new Error(`${tool}: ${JSON.stringify(error)}`);
}
