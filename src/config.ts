import { z } from 'zod';
import { isPublicHttps } from './public-url.ts';

/** A day in ms. */
export const DAY_MS = 86_400_000;

/** The shipped policies, strictest first. */
export const PRESET_NAMES = ['read-only', 'careful', 'open'] as const;

const count = (byDefault: number, min: number, max: number) => z.coerce.number().int().min(min).max(max).default(byDefault);

/** Every limit in force, by name with its unit. Each is set by the env variable of the same name in capitals (`SYNC_DEADLINE_MS`). */
const limitShape = {
  /** A synchronous tool hands over the job id after this. Under the 60 s at which most clients give up. */
  syncDeadlineMs: count(45_000, 0, 280_000),
  /** A request of a client that takes tasks answers with one after this. */
  taskAfterMs: count(2_000, 0, 280_000),
  /** Longest silence between two progress notifications. */
  progressIntervalMs: count(10_000, 100, 30_000),
  /** Largest prompt in bytes of UTF-8. Claude refuses somewhere above 1 MB. */
  promptMaxBytes: count(1_048_576, 1, 1_500_000),
  /** Largest sum of all other options of a request, in bytes of JSON. */
  optionsMaxBytes: count(262_144, 1_024, 500_000),
  /** A run without output for this long is ended, where its CLI streams. */
  idleTimeoutMs: count(600_000, 1_000, 3_600_000),
  /** A run is ended after this, whatever it does. */
  runTimeoutMs: count(3_600_000, 1_000, 86_400_000),
  /** Bytes of CLI output that a run keeps from its start; more ends the run. */
  outputCapBytes: count(52_428_800, 1_024, 1_073_741_824),
  /** Bytes past the cap that are kept from the end. */
  outputTailBytes: count(1_048_576, 0, 10_485_760),
  /** Time between the polite signal and SIGKILL. */
  cancelGraceMs: count(5_000, 0, 60_000),
  /** Jobs of one account that run at once. */
  runningPerAccount: count(8, 1, 1_000),
  /** Jobs of one account and provider that run at once. */
  runningPerProvider: count(8, 1, 1_000),
  /** A question to a person is answered with no after this. */
  approvalTimeoutMs: count(3_600_000, 1_000, 604_800_000),
  /** The same for a question from inside a run, whose CLI waits for it. */
  askTimeoutMs: count(600_000, 1_000, 86_400_000),
  /** Questions of one account that wait for a person. */
  approvalsPending: count(100, 1, 1_000),
  /** What a job is expected to cost, in USD, where the account has run none of its provider. */
  estimateCostUsd: z.coerce.number().min(0).max(10_000).default(0.25),
  /** Tokens that it is expected to use. */
  estimateTokens: count(50_000, 0, 100_000_000),
  /** Time that it is expected to take, in s. */
  estimateRuntimeS: count(60, 0, 86_400),
  /** Rows of the audit log are kept this long. */
  auditRetentionDays: count(365, 1, 3_650),
  /** Jobs of one account that wait. */
  queuedPerAccount: count(64, 0, 10_000),
  /** A job that waited this long for its turn fails. */
  queueTimeoutMs: count(600_000, 1_000, 86_400_000),
  /** An executor that could not be reached for this long has lost its runs. */
  executorLostMs: count(12_000, 1_000, 3_600_000),
  /** What an account may spend on models in a day of UTC, in USD; 0: as much as it likes. */
  dailyBudgetUsd: z.coerce.number().min(0).max(1_000_000).default(0),
  /** A container without runs is stopped after this; its workspaces and sessions go with it. */
  containerIdleMs: count(600_000, 1_000, 86_400_000),
  /** Jobs and their output are kept this long after their end. */
  retentionDays: count(30, 1, 3_650),
  /** An idempotency key is remembered this long. */
  idempotencyHours: count(24, 1, 720),
  /** Characters in one page of a result, unless the caller asks for more. */
  resultPageChars: count(60_000, 1, 120_000),
  /** Most characters in one page of a result. Claude.ai cuts an answer at about 150,000. */
  resultPageMaxChars: count(120_000, 1, 1_000_000),
  /** Events in one page. */
  eventPageSize: count(200, 1, 1_000),
  /** Longest wait of llm_job_watch. */
  watchMaxMs: count(50_000, 0, 280_000),
  /** Largest body of a request to /mcp, in bytes: a prompt in JSON's escapes and its options. */
  mcpBodyMaxBytes: count(4_194_304, 1_024, 33_554_432),
} as const;

/** Names separated by commas or blanks. */
const names = z
  .string()
  .transform((text) => text.split(/[\s,]+/).filter(Boolean))
  .default([]);

const settingShape = {
  /** Bearer token that stands for the owner, at least 16 characters. */
  gatewayToken: z.string().min(16).optional(),
  /** The exact URL that MCP clients connect to; absent: /mcp on the host of the request. */
  mcpResource: z
    .url()
    .regex(/^(https:\/\/[^/?#@]+|http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?)\/mcp$/, 'must be https://<host>/mcp')
    .optional(),
  /** Origins of web pages that may call /mcp, beside the gateway's own. */
  allowedOrigins: names,
  /** What `npm run passphrase` printed; the passphrase signs in as the owner. */
  ownerPassphraseHash: z.string().startsWith('scrypt.').optional(),
  /** Verified emails at the OpenID issuer, or GitHub logins, that are the owner. */
  ownerSignIns: names,
  /** An OpenID Connect issuer that signs people in. */
  oidcIssuer: z.url().optional(),
  oidcClientId: z.string().min(1).optional(),
  oidcClientSecret: z.string().min(1).optional(),
  /** Who may sign in there: verified emails, and domains as @example.com. */
  oidcAllowed: names,
  githubClientId: z.string().min(1).optional(),
  githubClientSecret: z.string().min(1).optional(),
  /** Who may sign in with GitHub: logins, and organisations as org:name. */
  githubAllowed: names,
  githubUrl: z.url().default('https://github.com'),
  githubApiUrl: z.url().default('https://api.github.com'),
  /** The policy of a grant that has none of its own, in an account that has set none. */
  defaultPolicy: z.enum(PRESET_NAMES).default('careful'),
  /** off: what needs approval is decided on the page or by another grant, never by the person behind the asking client. */
  approvalByClient: z.enum(['on', 'off']).default('on'),
  /** Told of every question to a person: https, at a public host. */
  approvalWebhookUrl: z.string().refine(isPublicHttps, 'must be https at a public host').optional(),
  /** Signs what is sent there, as Standard Webhooks do: whsec_ and 24 bytes or more in base64. */
  approvalWebhookSecret: z
    .string()
    .regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/, 'must be whsec_ and at least 24 bytes in base64')
    .optional(),
  /** An executor elsewhere; absent: each account and workspace has a container of its own. */
  executorUrl: z.url().optional(),
  /** Token that the executor asks for, at least 16 characters. */
  executorToken: z.string().min(16).optional(),
  /** Hosts, beside the gate, that a container may reach. A * stands for any part of a name. */
  egressAllow: names,
  /** Where a CLI reaches the gate. */
  gateUrl: z.url().default('http://gate.internal/gate'),
  anthropicApiKey: z.string().min(1).optional(),
  claudeCodeOauthToken: z.string().min(1).optional(),
  xaiApiKey: z.string().min(1).optional(),
  /** Where the gate sends Claude's model traffic. */
  anthropicUpstreamUrl: z.url().default('https://api.anthropic.com'),
  /** Where the gate sends Grok's model traffic. */
  xaiUpstreamUrl: z.url().default('https://api.x.ai'),
} as const;

const Limits = z.object(limitShape);
const Config = z.object({ ...settingShape, limits: Limits });
export type Limits = Readonly<z.infer<typeof Limits>>;
export type Config = Readonly<z.infer<typeof Config>>;

const envName = (name: string) => name.replace(/[A-Z]/g, (capital) => `_${capital}`).toUpperCase();

const read = (shape: object, env: Map<string, unknown>) =>
  Object.fromEntries(Object.keys(shape).map((name) => [name, env.get(envName(name)) || undefined]));

/** The settings of this Worker, checked. Throws one line that names each wrong variable and never its value. */
export function readConfig(env: object): Config {
  const values = new Map(Object.entries(env));
  const parsed = Config.safeParse({ ...read(settingShape, values), limits: read(limitShape, values) });
  if (parsed.success) return Object.freeze({ ...parsed.data, limits: Object.freeze(parsed.data.limits) });
  const wrong = parsed.error.issues.map((issue) => `${envName(String(issue.path.at(-1)))}: ${issue.message}`);
  throw new Error(`Wrong settings. ${wrong.join('; ')}`);
}
