import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { findClis } from '../../../container/clis.ts';
import { CLAUDE_REMOVED, CLAUDE_TOOLS } from '../../../container/providers/claude/tools.ts';
import { providers } from '../../../container/providers/index.ts';
import type { Launch, Provider } from '../../../container/providers/provider.ts';

const all = Object.values(providers);
const START_MAX_MS = 60_000;

/** Accepted by the CLIs although their --help does not list them; the runs of clis/providers.test.ts prove each. */
const HIDDEN = [
  '--max-turns',
  '--no-auto-update',
  '--system-prompt-file',
  '--append-system-prompt-file',
  '--permission-prompt-tool',
];

/** Where the CLIs tell their flags. */
const HELPS: Record<string, string[][]> = { claude: [['--help']], grok: [['--help'], ['agent', '--help']] };

const helps = new Map<string, string>();
let clis: Awaited<ReturnType<typeof findClis>>;
let home: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'drift-'));
  clis = await findClis(Object.values(providers), {}, home);
  const env = { HOME: home, GROK_HOME: join(home, 'grok') };
  for (const [id, { binary }] of Object.entries(clis))
    for (const args of HELPS[id] ?? []) {
      const { stdout } = await promisify(execFile)(binary, args, { env });
      helps.set(id, (helps.get(id) ?? '') + stdout);
    }
}, START_MAX_MS);
afterAll(() => rm(home, { recursive: true, force: true }));

/** Flags that begin an entry of --help, with all their spellings: ["--allowedTools", "--allowed-tools"]. */
function helpFlags({ id }: Provider): string[][] {
  const lines = (helps.get(id) ?? '').split('\n');
  const entries = lines.flatMap((line) => /^ {2,6}((?:-\w, )?--[\w-]+(?:, --[\w-]+)*)/.exec(line)?.[1] ?? []);
  return entries.map((entry) => entry.split(', ').filter((flag) => flag.startsWith('--')));
}

/** Flags of every command line that no option asked for. */
function alwaysUsed({ command }: Provider): string[] {
  const id = '2b2f0f5e-96f7-4f8e-b6e5-6a3b0d0c1a11';
  const gate = { baseUrl: 'http://127.0.0.1:1', token: 'x' };
  const sessions: Launch['session'][] = [
    { mode: 'resume', id },
    { mode: 'fork', id, from: id },
  ];
  const place = { cwd: '/w', home: '/h', tmp: '/t' };
  const launches = [{}, { permissionMode: 'ask' }].flatMap((options) =>
    sessions.map((session) => ({ binary: 'x', prompt: 'x', options, session, gate, ...place })),
  );
  const flags = launches.flatMap((launch) => command(launch).argv.flatMap((argument) => /^--[\w-]+/.exec(argument)?.[0] ?? []));
  return [...new Set(['--print', ...flags])];
}

const declared = ({ options }: Provider) =>
  Object.values(options).flatMap(({ flag, file }) => [flag, file?.flag].filter((it) => it !== undefined));

test.each(all)('every flag of $title that is used is in its --help', (provider) => {
  const known = [...helpFlags(provider).flat(), ...HIDDEN, ...(provider.id === 'grok' ? ['--print'] : [])];
  const used = [...declared(provider), ...alwaysUsed(provider)];
  expect(used.filter((flag) => !known.includes(flag))).toEqual([]);
});

test.each(all)('every flag in the --help of $title is an option, always used, or left out with a reason', (provider) => {
  const handled = [...declared(provider), ...alwaysUsed(provider), ...Object.keys(provider.leftOut)];
  const flags = helpFlags(provider);
  expect(flags.length).toBeGreaterThan(30);
  expect(flags.filter((spellings) => !spellings.some((flag) => handled.includes(flag)))).toEqual([]);
});

test.each(all)('nothing is left out of $title that its --help does not offer, or that is used all the same', (provider) => {
  const offered = helpFlags(provider).flat();
  const used = new Set([...declared(provider), ...alwaysUsed(provider)]);
  const leftOut = Object.keys(provider.leftOut);
  expect(leftOut.filter((flag) => !offered.includes(flag) || used.has(flag))).toEqual([]);
});

const Init = z.object({ subtype: z.literal('init'), tools: z.array(z.string()) });
const NOBODY = 'http://127.0.0.1:9';

/** The tools that a CLI offers, from the first line that says so. Its model service cannot be reached. */
async function offeredTools(id: string, args: string[], env: Record<string, string>): Promise<string[]> {
  const child = spawn(clis[id]?.binary ?? '', args, { cwd: home, env: { HOME: home, PATH: '/usr/bin:/bin', ...env } });
  child.stdin.end(`${JSON.stringify({ type: 'user', message: { role: 'user', content: 'x' } })}\n`);
  const ended = once(child, 'close');
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const init = Init.safeParse(JSON.parse(line));
      if (init.success) return init.data.tools;
    }
    return [];
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

const PRINTS = ['-p', '--output-format=stream-json', '--verbose', '--input-format=stream-json', '--permission-prompt-tool=stdio'];
/** Tools that are offered only if they are named. */
const NAMED = '--tools=Glob,Grep,TaskCreate,TaskGet,TaskList,TaskUpdate,TaskStop';

test('the lists of Claude Code have every tool that it offers, and no other', { timeout: START_MAX_MS }, async () => {
  const env = { ANTHROPIC_BASE_URL: NOBODY, ANTHROPIC_API_KEY: 'x', CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1' };
  const variants = [['--json-schema={"type":"object"}'], [NAMED]];
  const lists = await Promise.all(variants.map((more) => offeredTools('claude', [...PRINTS, ...more], env)));
  // The model sees the tool Task as Agent.
  expect(new Set(['Agent', ...lists.flat()])).toEqual(new Set([...CLAUDE_TOOLS, ...CLAUDE_REMOVED]));
});
