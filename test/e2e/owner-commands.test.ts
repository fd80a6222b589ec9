import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { useGateway } from '../helpers/gateway.ts';
import { outcomeOf, scratchDirectory } from '../helpers/gateway-process.ts';
import { SHELL } from '../helpers/shell.ts';

const { gateway, call } = useGateway();

/** Runs a command of the owner against the gateway. */
function command(name: 'policy' | 'audit' | 'credential', ...args: string[]) {
  return outcomeOf(startCommand(name, args));
}

function startCommand(name: string, args: string[]) {
  const { url, settings } = gateway();
  const env = { ...SHELL, GATEWAY_TOKEN: settings.token };
  const argv = [`scripts/${name}.ts`, ...args, '--url', url, '--state', '.state/of-nobody'];
  return spawn(process.execPath, argv, { env, stdio: ['pipe', 'pipe', 'pipe'] });
}

function fileOf(document: unknown): string {
  const file = join(scratchDirectory(), 'policy.json');
  writeFileSync(file, typeof document === 'string' ? document : JSON.stringify(document));
  return file;
}

const SEED = {
  version: '1',
  default: 'deny',
  hide: ['session_clear_all'],
  all_tools: { limits: [] },
  tools: { grok_request_async: { limits: [{ counter: 'r', window: 'minute', max: 10, scope: 'grant' }] }, llm_job_status: {} },
};

test('a policy is tested, set, read and removed from the command line, and takes effect with the next call', async () => {
  const file = fileOf(SEED);
  const tried = await command('policy', 'test', file, '--tool', 'claude_request', '--args', '{"prompt":"hi"}');
  expect(tried.stdout).toBe('deny: this tool is not listed, and unlisted tools are denied (default)\n');
  expect((await command('policy', 'test', file, '--tool', 'grok_request_async')).stdout).toMatch(
    /^allow: .* \(tools\.grok_request_async\)\n {2}tools\.grok_request_async\.limits\[0\]: 0 of 10 calls in 60 s; this call adds 1\n$/,
  );
  expect((await call('llm_job_list', {})).ok).toBe(true);
  expect((await command('policy', 'set', file)).stdout).toBe(
    'Policy of default set. It takes effect with the next call.\nUnknown tools in the policy: session_clear_all.\n',
  );
  expect((await call('llm_job_list', {})).error).toMatchObject({ code: 'policy_denied', rule: 'default' });
  expect((await command('policy', 'get')).stdout).toContain('"grok_request_async"');
  expect((await command('policy', 'set', 'read-only', '--target', 'owner', '--shadow')).stdout).toContain(
    'Shadow policy of owner set',
  );
  expect((await command('policy', 'remove')).code).toBe(0);
  expect((await call('llm_job_list', {})).ok).toBe(true);
  expect((await command('policy', 'get')).stdout).toMatch(/^default: careful\nfrom gateway/);
});

test("the owner's own key is stored from stdin, pays for a run of the real CLI, and is removed", async () => {
  const setting = startCommand('credential', ['set', 'ANTHROPIC_API_KEY']);
  setting.stdin.end('sk-ant-made-up-own-key\n');
  const stored = await outcomeOf(setting);
  expect(stored.stdout).toBe('Stored ANTHROPIC_API_KEY. It is used from the next model call on.\n');
  expect(stored.stdout + stored.stderr).not.toContain('sk-ant-made-up');
  const { job } = await call('claude_request', { prompt: 'hi' });
  expect(job).toMatchObject({ state: 'completed', paidBy: 'own' });
  expect((await command('credential', 'list')).stdout).toMatch(/^ANTHROPIC_API_KEY {2}set .*Z {2}used .*Z\n$/);
  expect((await command('credential', 'remove', 'ANTHROPIC_API_KEY')).stdout).toBe('Removed ANTHROPIC_API_KEY.\n');
  expect((await command('credential')).stdout).toBe('No credentials.\n');
  expect((await command('credential', 'remove')).stderr).toContain('Name the credential, one of ANTHROPIC_API_KEY, ');
});

const refusals: [what: string, name: 'policy' | 'audit', args: () => string[], line: RegExp][] = [
  [
    'a document that is not valid',
    'policy',
    () => ['set', fileOf({ version: '2', default: 'deny' })],
    /^version must be "1", got "2"\.\n$/,
  ],
  [
    'a file that does not exist',
    'policy',
    () => ['set', 'strict'],
    /^strict is neither a file nor a preset\. Presets: read-only, own-jobs, careful, open\.\n$/,
  ],
  ['a call without a tool', 'policy', () => ['test', 'careful'], /^Name the --tool/],
  ['an unknown command', 'policy', () => ['put'], /^Unknown command "put"\. Known: get, set, remove, test\./],
  ['an unknown flag', 'audit', () => ['verify', '--heads', 'x'], /^Unknown option '--heads'\. Known flags: .*--url, .*\n$/],
  ['a head that is not valid', 'audit', () => ['verify', '--head', '5'], /^--head must have the form SEQ:HASH/],
];

test.each(refusals)('%s is refused in one sentence, with exit code 1', async (_what, name, args, line) => {
  const { stdout, stderr, code } = await command(name, ...args());
  expect({ stdout, code }).toEqual({ stdout: '', code: 1 });
  expect(stderr).toMatch(line);
});

test('the audit log is listed, exported and verified, also against an earlier head', async () => {
  await call('list_models', {});
  expect((await command('audit', 'list', '--tool', 'list_models')).stdout).toMatch(
    /^\d+ {2}\S+ {2}call {2}owner {2}list_models {2}allow/,
  );
  const verified = await command('audit', 'verify');
  const [, head = ''] = /^The chain is valid\. Head: (\d+:[0-9a-f]{64})\n$/.exec(verified.stdout) ?? [];
  await call('list_models', {});
  expect((await command('audit', 'verify', '--head', head)).stdout).toMatch(/^The chain is valid/);
  const cut = await command('audit', 'verify', '--head', head.replace(/.{8}$/, '00000000'));
  expect(cut).toMatchObject({ code: 1, stderr: expect.stringContaining('rows were removed from its end') });
  const file = join(scratchDirectory(), 'audit.jsonl');
  const [, count = ''] = /^(\d+) rows exported to/.exec((await command('audit', 'export', file)).stdout) ?? [];
  const rows = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: Number(count) }, (_, index) => index + 1));
  expect(await command('audit', 'export', file)).toMatchObject({ code: 1, stderr: expect.stringContaining('EEXIST') });
});
