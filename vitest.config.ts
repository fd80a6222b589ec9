import { join } from 'node:path';
import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';
import { quietWrangler, WRANGLER_DIRECTORY } from './scripts/local/environment.ts';

// Neither wrangler nor vitest writes into the home directory; what many processes load is compiled once.
Object.assign(process.env, quietWrangler(WRANGLER_DIRECTORY), {
  XDG_DATA_HOME: join(WRANGLER_DIRECTORY, 'data'),
  NODE_COMPILE_CACHE: join(WRANGLER_DIRECTORY, 'compiled'),
});

// More than two cores: most tests wait for processes more than they compute.
const WORKERS = 3;

/** Five seconds, the default, are short on a busy machine. */
const PATIENT = { maxWorkers: WORKERS, testTimeout: 30_000, hookTimeout: 30_000 };

/** For tests that start programs which start programs. */
const LONG = { maxWorkers: 2, testTimeout: 120_000, hookTimeout: 120_000 };

const include = (name: string) => [`test/${name}/**/*.test.ts`];

// Every secret has a value here, so that none comes from .dev.vars.
const madeUp = {
  GATEWAY_TOKEN: 'test-gateway-token',
  ANTHROPIC_API_KEY: 'test-anthropic-key',
  CLAUDE_CODE_OAUTH_TOKEN: '',
  XAI_API_KEY: 'test-xai-key',
  CREDENTIALS_SECRET: 'test-credentials-secret-of-any-length',
  OWNER_PASSPHRASE_HASH: '',
  OIDC_ISSUER: '',
  OIDC_CLIENT_ID: '',
  OIDC_CLIENT_SECRET: '',
  GITHUB_CLIENT_ID: '',
  GITHUB_CLIENT_SECRET: '',
  MCP_RESOURCE: '',
  // Policies have tests of their own.
  DEFAULT_POLICY: 'open',
};

export default defineConfig({
  test: {
    projects: [
      { test: { ...PATIENT, name: 'unit', include: include('unit'), isolate: false } },
      {
        test: {
          ...PATIENT,
          name: 'executor',
          isolate: false,
          include: include('executor'),
          setupFiles: ['test/executor/after-file.ts'],
        },
      },
      {
        plugins: [
          cloudflareTest(({ inject }) => {
            // Without a listener of its own the gate is out of the CLIs' reach: they talk to the model endpoint.
            const model = inject('modelUrl');
            const urls = { GATE_URL: model, ANTHROPIC_UPSTREAM_URL: model, XAI_UPSTREAM_URL: model };
            const executor = { EXECUTOR_URL: inject('executorUrl'), EXECUTOR_TOKEN: inject('executorToken') };
            return {
              wrangler: { configPath: './wrangler.toml' },
              miniflare: { bindings: { ...madeUp, ...urls, ...executor } },
            };
          }),
        ],
        test: {
          ...PATIENT,
          name: 'worker',
          // So is a second, the default of a poll.
          expect: { poll: { timeout: 10_000 } },
          isolate: false,
          include: include('worker'),
          globalSetup: ['test/worker/helpers/setup.ts'],
        },
      },
      {
        test: {
          ...LONG,
          name: 'e2e',
          isolate: false,
          include: include('e2e'),
          maxWorkers: WORKERS,
          globalSetup: ['test/helpers/shared-gateway.ts'],
        },
      },
      // A part of npm run check.
      { test: { ...LONG, name: 'patterns', include: include('patterns'), sequence: { groupOrder: 1 } } },
      // Each has a command of its own: what the pinned CLIs and clients really do, and what Chromium shows.
      { test: { ...LONG, name: 'clis', include: include('clis'), sequence: { groupOrder: 2 } } },
      { test: { ...LONG, name: 'pages', include: include('pages'), sequence: { groupOrder: 3 } } },
    ],
  },
});
