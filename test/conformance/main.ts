// `npm run conformance`: the official suite against the gateway's MCP handler with the suite's fixtures, and against the gateway itself.
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, reportFailure } from '../../scripts/cli/command-error.ts';
import { parseFlags } from '../../scripts/cli/flags.ts';
import { print } from '../../scripts/cli/print.ts';
import { WRANGLER_DIRECTORY } from '../../scripts/local/environment.ts';
import { type Gateway, startGateway } from '../../scripts/local/gateway.ts';
import { abortOnSignal } from '../../scripts/local/signals.ts';
import { hashPassphrase } from '../../src/auth/sign-in/passphrase.ts';
import { runAuthorization } from './authorization.ts';
import { EXPECTED_FAILURES } from './expected-failures.ts';
import { startFixtures } from './fixtures.ts';
import { openProxy } from './proxy.ts';
import { type CheckSet, counts, key, PRODUCT, scenarioOutcomes, split, unexpectedResults } from './sets.ts';
import { type Check, runSuite } from './suite.ts';

function show({ name, checks }: CheckSet) {
  const scenarios = scenarioOutcomes(checks);
  print(
    `${name.padEnd(24)} scenarios: ${counts(scenarios.values()).padEnd(34)} checks: ${counts(checks.map(({ outcome }) => outcome))}`,
  );
  for (const check of checks.filter(({ outcome }) => outcome === 'failed')) {
    const reason = EXPECTED_FAILURES[key(check)];
    print(reason ? `  expected to fail ${key(check)}: ${reason}` : `  failed  ${key(check)}: ${check.message}`);
  }
  for (const { scenario, message } of checks.filter((check) => scenarios.get(check.scenario) === 'skipped'))
    if (message) print(`  skipped ${scenario}: ${message}`);
}

async function runFixtures(directory: string): Promise<CheckSet[]> {
  const fixtures = await startFixtures(directory);
  const sets: CheckSet[] = [];
  try {
    for (const revision of Object.keys(PRODUCT)) {
      const args = ['server', '--url', fixtures.url, '--requirements', revision];
      sets.push(...split(revision, await runSuite(args, join(directory, `fixtures-${revision}`))));
    }
  } finally {
    await fixtures.stop();
  }
  return sets;
}

/** Skips checks that need a tool of the suite, because the product has none of them. */
const skipUntestable = (check: Check): Check => (check.isUntestable ? { ...check, outcome: 'skipped' } : check);

async function runProduct(gateway: Gateway, directory: string): Promise<CheckSet[]> {
  const proxy = await openProxy(new URL(gateway.url), gateway.settings.token);
  const sets: CheckSet[] = [];
  try {
    for (const [revision, scenarios] of Object.entries(PRODUCT)) {
      const set: CheckSet = { name: `${revision} product`, checks: [] };
      for (const scenario of scenarios) {
        const args = ['server', '--url', proxy.url, '--scenario', scenario, '--spec-version', revision];
        const { checks } = await runSuite(args, join(directory, `product-${revision}-${scenario}`));
        set.checks.push(...checks.map(skipUntestable));
      }
      sets.push(set);
    }
  } finally {
    proxy.close();
  }
  return sets;
}

async function withGateway(directory: string, signal: AbortSignal): Promise<CheckSet[]> {
  const stop = new AbortController();
  const state = join(directory, 'gateway');
  const passphrase = randomUUID();
  const variables = { OWNER_PASSPHRASE_HASH: await hashPassphrase(passphrase) };
  const gateway = await startGateway({ port: 0, state, offline: true, variables, print }, AbortSignal.any([stop.signal, signal]));
  try {
    const { checks } = await runAuthorization(gateway.url, passphrase, join(directory, 'authorization'));
    return [...(await runProduct(gateway, directory)), { name: 'authorization', checks }];
  } finally {
    stop.abort();
    await gateway.ended;
  }
}

async function run() {
  const { keep } = parseFlags('npm run conformance [-- --keep]', { keep: { type: 'boolean', default: false } });
  mkdirSync(WRANGLER_DIRECTORY, { recursive: true });
  const directory = mkdtempSync(join(WRANGLER_DIRECTORY, 'conformance-'));
  try {
    const fixtures = await runFixtures(directory);
    fixtures.forEach(show);
    const product = await withGateway(directory, abortOnSignal());
    product.forEach(show);
    const wrong = unexpectedResults([...fixtures, ...product]);
    wrong.forEach(print);
    if (wrong.length > 0) throw new CommandError(`${wrong.length} unexpected results.`);
  } finally {
    if (keep) print(`The suite's files: ${directory}`);
    else rmSync(directory, { recursive: true });
  }
}

await run().catch(reportFailure);
process.exit();
