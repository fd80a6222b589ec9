import { z } from 'zod';
import { providers } from '../container/providers/index.ts';
import { PRESET_NAMES } from './policy/preset-names.ts';
import { isPublicHttps } from './public-url.ts';
import { issuesOf } from './zod-issues.ts';

/** A day in ms. */
export const DAY_MS = 86_400_000;

const number = (type: z.ZodCoercedNumber, byDefault: number, min: number, max: number, description: string) =>
  type.min(min).max(max).default(byDefault).describe(description);
const count = (byDefault: number, min: number, max: number, description: string) =>
  number(z.coerce.number().int(), byDefault, min, max, description);
const usd = (byDefault: number, max: number, description: string) => number(z.coerce.number(), byDefault, 0, max, description);

/** Every limit, by name with its unit. Each is set by the env variable of the same name in capitals (`SYNC_DEADLINE_MS`). */
const limitShape = {
  syncDeadlineMs: count(
    45_000,
    0,
    280_000,
    'A waiting request returns its job id after this long. Many clients give up at 60 s.',
  ),
  taskAfterMs: count(2_000, 0, 280_000, 'A request of a client that supports tasks is answered with a task after this long.'),
  progressIntervalMs: count(10_000, 100, 30_000, 'Longest time between two progress notifications.'),
  promptMaxBytes: count(1_048_576, 1, 1_500_000, 'Largest prompt, in UTF-8. A CLI may refuse less.'),
  optionsMaxBytes: count(262_144, 1_024, 500_000, 'Largest sum of all other options of a request, as JSON.'),
  idleTimeoutMs: count(600_000, 1_000, 3_600_000, 'A run without output for this long is ended, if its CLI streams.'),
  runTimeoutMs: count(3_600_000, 1_000, 86_400_000, 'A run is ended after this long, even if it still writes.'),
  outputCapBytes: count(52_428_800, 1_024, 1_073_741_824, 'Output of a CLI that a run may write; more ends the run.'),
  outputTailBytes: count(1_048_576, 0, 10_485_760, 'CLI output beyond OUTPUT_CAP_BYTES that is kept from the end.'),
  cancelGraceMs: count(5_000, 0, 60_000, 'Grace period between the first signal to a run and SIGKILL.'),
  resultGraceMs: count(
    30_000,
    1_000,
    3_600_000,
    'A CLI that stays alive after its successful result is ended after this long; the job is completed.',
  ),
  mcpConnectMs: count(30_000, 1_000, 300_000, 'A run starts without the MCP servers that have not connected after this long.'),
  runningPerAccount: count(8, 1, 1_000, 'Jobs of one account that run at once.'),
  runningPerProvider: count(8, 1, 1_000, 'Jobs of one account and one provider that run at once.'),
  approvalTimeoutMs: count(3_600_000, 1_000, 604_800_000, 'A call is denied if its approval is pending for this long.'),
  askTimeoutMs: count(600_000, 1_000, 86_400_000, 'A step of a run is denied if its approval is pending for this long.'),
  approvalsPending: count(100, 1, 1_000, 'Approvals of one account that may be pending at once.'),
  estimateCostUsd: usd(0.25, 10_000, 'Expected cost of a job, until the account has finished one with the same provider.'),
  estimateTokens: count(50_000, 0, 100_000_000, 'Expected tokens of a job, as long as its cost is not known.'),
  estimateRuntimeS: count(60, 0, 86_400, 'Expected run time of a job, as long as its cost is not known.'),
  auditRetentionDays: count(365, 1, 3_650, 'Rows of the audit log are kept this long.'),
  queuedPerAccount: count(64, 0, 10_000, 'Jobs of one account that may wait for their turn.'),
  queueTimeoutMs: count(600_000, 1_000, 86_400_000, 'A job that waited this long for its turn fails.'),
  executorLostMs: count(12_000, 1_000, 3_600_000, 'Jobs of an executor that could not be reached for this long are orphaned.'),
  executorSilentMs: count(
    30_000,
    1_000,
    3_600_000,
    'Jobs of an executor that accepts connections and does not answer for this long, as a paused one, are orphaned.',
  ),
  dailyBudgetUsd: usd(0, 1_000_000, 'What one account may spend on models in a UTC day; 0 disables the budget.'),
  modelCallsPerJob: count(16, 1, 1_000, 'Model calls of one job that may be under way at once. Further ones wait.'),
  containerIdleMs: count(600_000, 1_000, 86_400_000, 'An idle container is stopped, and its state lost, after this long.'),
  retentionDays: count(30, 1, 3_650, 'Jobs and their output are kept this long after their end.'),
  idempotencyHours: count(24, 1, 720, 'An idempotency key is remembered this long.'),
  resultPageChars: count(60_000, 1, 120_000, 'Size of a page of a result, unless the caller asks for another.'),
  resultPageMaxChars: count(120_000, 1, 1_000_000, 'Largest page of a result. Some clients cut answers at 150,000.'),
  eventPageSize: count(200, 1, 1_000, 'Events in a page, unless the caller asks for another size.'),
  eventPageChars: count(20_000, 1_000, 40_000, 'Size of a page of events as JSON.'),
  watchMs: count(50_000, 0, 280_000, 'llm_job_watch waits this long, unless the caller asks for another wait.'),
  watchMaxMs: count(50_000, 0, 280_000, 'Longest wait of llm_job_watch.'),
  mcpBodyMaxBytes: count(4_194_304, 1_024, 16_777_216, 'Largest body of a request to /mcp, prompt and options included.'),
} as const;

const optional = <T extends z.ZodType>(type: T, description: string) => type.optional().describe(description);
const secret = (description: string, type = z.string()) => type.optional().meta({ description, isSecret: true });

const MCP_URL = /^(https:\/\/[^/?#@]+|http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?)\/mcp$/;

/** Names separated by commas or blanks. */
const names = (description: string) =>
  z
    .string()
    .transform((list) => list.split(/[\s,]+/).filter(Boolean))
    .default([])
    .describe(description);

/** A number that is passed on as text. */
const whole = z.string().regex(/^[1-9]\d{0,14}$/, 'must be a whole number from 1');

const settingShape = {
  gatewayToken: secret('Bearer token that stands for the owner, at least 16 characters.', z.string().min(16)),
  mcpResource: optional(
    z.url().regex(MCP_URL, 'must be https://<host>/mcp'),
    'URL that MCP clients connect to; without it, /mcp on the host of the request.',
  ),
  allowedOrigins: names("Origins of web pages that may call /mcp, in addition to the gateway's own."),
  ownerPassphraseHash: secret(
    'Output of `npm run passphrase`; the passphrase signs in as the owner.',
    z.string().startsWith('scrypt.'),
  ),
  ownerSignIns: names('Verified emails at the OpenID issuer, or GitHub logins or ids as id:12345, that sign in as the owner.'),
  oidcIssuer: optional(z.url(), 'OpenID Connect issuer that signs people in.'),
  oidcClientId: optional(z.string(), 'Client id at the OpenID issuer.'),
  oidcClientSecret: secret('Client secret at the OpenID issuer.'),
  oidcAllowed: names('Verified emails, and domains as @example.com, that may sign in with OpenID Connect.'),
  githubClientId: optional(z.string(), 'Client id of a GitHub OAuth app that signs people in.'),
  githubClientSecret: secret('Client secret of the GitHub OAuth app.'),
  githubAllowed: names('Logins, ids as id:12345, and organizations as org:name, that may sign in with GitHub.'),
  githubUrl: z.url().default('https://github.com').describe('GitHub, or a GitHub Enterprise server.'),
  githubApiUrl: z.url().default('https://api.github.com').describe('API of that GitHub.'),
  defaultPolicy: z.enum(PRESET_NAMES).default('careful').describe('Policy of grants and accounts that have set none.'),
  ceilingPolicy: optional(
    z.enum(PRESET_NAMES),
    "No policy of any account allows more than this preset. Without it, DEFAULT_POLICY bounds every account but the owner's.",
  ),
  approvalByClient: z
    .enum(['on', 'off'])
    .default('on')
    .describe('off: no client shows approvals of its own calls, even if its person allowed that at consent.'),
  approvalWebhookUrl: optional(
    z.string().refine(isPublicHttps, 'must be https at a public host'),
    'Receives every new approval: https, at a public host.',
  ),
  approvalWebhookSecret: secret(
    'Signs requests to the webhook, as in Standard Webhooks: whsec_ and at least 24 bytes in base64.',
    z.string().regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/, 'must be whsec_ and at least 24 bytes in base64'),
  ),
  credentialsSecret: secret(
    'Seals the keys that accounts store at /credentials, at least 32 characters. Without it, no account can store one.',
    z.string().min(32),
  ),
  credentialsSecretPrevious: secret(
    'The former CREDENTIALS_SECRET, which opens keys that are not sealed with the new one yet.',
    z.string().min(32),
  ),
  providerKeys: z
    .enum(['both', 'own', 'operator'])
    .default('both')
    .describe("Whose keys pay for model calls: the account's own, the operator's, or both: its own first."),
  executorUrl: optional(z.url(), 'An executor elsewhere; without it, each workspace of an account has its own container.'),
  executorToken: secret('Token that the executor requires, at least 16 characters.', z.string().min(16)),
  executorRunProcesses: optional(
    whole,
    'Processes of one run at once, in executors that this gateway starts; without it their default.',
  ),
  executorRunMemoryBytes: optional(whole, 'Memory of one run, in executors that this gateway starts; without it their default.'),
  executorRunDiskBytes: optional(
    whole,
    'What one run may add to its directories, in executors that this gateway starts; without it their default.',
  ),
  egressAllow: names('Hosts, besides the gate, that a container may reach. A * stands for any part of a name.'),
  gateUrl: z.url().default('http://gate.internal/gate').describe('URL at which a CLI reaches the gate.'),
} as const;

/** Keys and URLs of the model services, by their env variables. */
const serviceShape: Record<string, z.ZodType<string | undefined>> = Object.fromEntries(
  Object.values(providers).flatMap(({ title, service: { url, urlSetting, keys } }) => [
    ...keys.map(({ setting, description }) => [setting, secret(description)]),
    [urlSetting, z.url().default(url).describe(`URL to which the gate sends the model traffic of ${title}.`)],
  ]),
);

const Limits = z.object(limitShape);
const Config = z.object({ ...settingShape, services: z.object(serviceShape), limits: Limits });
export type Limits = Readonly<z.infer<typeof Limits>>;
export type Config = Readonly<z.infer<typeof Config>>;

/** Bounds of a limit, which hold for a request that sets its own value. */
export function rangeOf(limit: keyof Limits): { min: number; max: number } {
  const { minValue, maxValue } = limitShape[limit].unwrap();
  return { min: minValue ?? 0, max: maxValue ?? Number.MAX_SAFE_INTEGER };
}

const envName = (name: string) => name.replace(/(?<=[a-z])[A-Z]/g, (capital) => `_${capital}`).toUpperCase();

/** Units by the last word of a name. Other numbers are counts. */
const UNITS: Record<string, string> = {
  ...{ Ms: 'ms', S: 's', Hours: 'h', Days: 'days', Bytes: 'bytes', Chars: 'characters', Tokens: 'tokens', Usd: 'USD' },
};

function settingOf([name, type]: [string, z.ZodType]) {
  const inner = type instanceof z.ZodDefault ? type.unwrap() : type;
  const { minValue, maxValue } = inner instanceof z.ZodNumber ? inner : {};
  return {
    name,
    env: envName(name),
    unit: UNITS[/[A-Z][a-z]*$/.exec(name)?.[0] ?? ''],
    default: type instanceof z.ZodDefault ? type.def.defaultValue : undefined,
    min: minValue ?? undefined,
    max: maxValue ?? undefined,
    description: type.description ?? '',
    isSecret: type.meta()?.isSecret === true,
  };
}

/** Every setting of the Worker, limits last. */
export const SETTINGS = Object.entries({ ...settingShape, ...serviceShape, ...limitShape }).map(settingOf);

const read = (shape: object, env: Map<string, unknown>) =>
  Object.fromEntries(Object.keys(shape).map((name) => [name, env.get(envName(name)) || undefined]));

/** What one run may use, as variables of an executor that this gateway starts. Only those that are set. */
export const runShares = ({
  executorRunProcesses,
  executorRunMemoryBytes,
  executorRunDiskBytes,
}: Config): Record<string, string> =>
  Object.fromEntries(
    Object.entries({ executorRunProcesses, executorRunMemoryBytes, executorRunDiskBytes }).flatMap(([name, value]) =>
      value === undefined ? [] : [[envName(name), value]],
    ),
  );

const configs = new WeakMap<object, Config>();

/** The settings of this Worker, checked once. Throws one line that names each wrong variable and never its value. */
export function readConfig(env: object): Config {
  const known = configs.get(env);
  if (known) return known;
  const values = new Map(Object.entries(env));
  const parsed = Config.safeParse({
    ...read(settingShape, values),
    services: read(serviceShape, values),
    limits: read(limitShape, values),
  });
  if (!parsed.success) {
    const wrong = issuesOf(parsed.error, { place: (path) => envName(String(path.at(-1))) });
    throw new Error(`Wrong settings. ${wrong.join('; ')}`);
  }
  const config = Object.freeze({ ...parsed.data, limits: Object.freeze(parsed.data.limits) });
  configs.set(env, config);
  return config;
}
