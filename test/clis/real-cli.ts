import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { findClis } from '../../container/clis.ts';
import type { RunAnswer } from '../../container/protocol.ts';
import type { Launch, Provider } from '../../container/providers/provider.ts';
import { splitLines } from '../../container/run/lines.ts';
import { openStdio } from '../../container/run/stdio.ts';
import type { NewEvent } from '../../container/spool/spool.ts';
import { moveConversation } from '../../container/state/conversations.ts';
import { createModelServer } from '../../scripts/model-server/server.ts';

/** How a real CLI's run went. */
export interface Outcome {
  items: NewEvent[];
  answer: string;
  /** Lines of stdout. */
  lines: string[];
  code: number | null;
  stderr: string;
  ms: number;
}

/** A request as it reached the model endpoint. */
export interface Call {
  method: string;
  url: string;
}

/** Whether the gate passes a call of a run. */
export function isPassed({ id, service }: Provider, { method, url }: Call): boolean {
  const base = `/gate/${id}`;
  const path = url.replace(/\?.*/, '').slice(base.length);
  return url.startsWith(base) && service.paths.some((allowed) => allowed.method === method && allowed.path.test(path));
}

/** What a person says who is asked. */
export type Word = Omit<RunAnswer, 'ask'>;

/** The pinned CLIs, a model endpoint and a directory, until `end`. */
export async function openWorkshop(providers: Provider[]) {
  const root = await mkdtemp(join(tmpdir(), 'real-cli-'));
  const clis = await findClis(providers, {}, root);
  const bodies = join(root, 'bodies');
  await mkdir(bodies);
  const server = createModelServer({ scenario: 'text', models: ['grok-4.5', 'grok-4.6'], bodies });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  let homes = 0;
  const gate = ({ id }: Provider) => ({ baseUrl: `${url}/gate/${id}`, token: 'account.job.0123456789abcdef' });

  async function run(
    provider: Provider,
    { endMs, ...given }: Partial<Launch> & { endMs?: number },
    word: Word = { allowed: false },
  ): Promise<Outcome> {
    homes += 1;
    const place = join(root, `${homes}`);
    const launch: Launch = {
      binary: clis[provider.id]?.binary ?? '',
      prompt: 'hi',
      options: {},
      session: { mode: 'new', id: crypto.randomUUID() },
      gate: gate(provider),
      cwd: join(root, 'work'),
      home: join(place, 'home'),
      tmp: join(place, 'tmp'),
      ...given,
    };
    return start(provider, launch, word, endMs);
  }

  const requests = async (): Promise<Call[]> => (await fetch(`${url}/__mock/requests`)).json();

  return {
    work: join(root, 'work'),
    run,
    gate,
    home: () => mkdtemp(join(root, 'home-')),
    /** Calls made while `work` is done, but for Grok's GET of the origin's root, with which it opens its connection. */
    callsDuring: async (work: () => Promise<unknown>) => {
      const before = (await requests()).length;
      await work();
      return (await requests()).slice(before).filter((call) => `${call.method} ${call.url}` !== 'GET /');
    },
    /** All that the model was sent in calls that hold a text. */
    sent: async (text: string) => {
      const files = await Promise.all((await readdir(bodies)).map((name) => readFile(join(bodies, name), 'utf8')));
      return files.filter((body) => body.includes(text));
    },
    end: async () => {
      server.closeAllConnections();
      server.close();
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function start(provider: Provider, launch: Launch, word: Word, endMs?: number): Promise<Outcome> {
  const command = provider.command(launch);
  for (const directory of [launch.home, launch.tmp, launch.cwd]) await mkdir(directory, { recursive: true });
  await moveConversation(join(launch.home, provider.conversations?.root ?? ''), provider, launch.session, launch.cwd);
  for (const [path, content] of Object.entries(command.files ?? {})) await writeFile(path, content);
  const [file = '', ...args] = command.argv;
  const env = { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', HOME: launch.home, TMPDIR: launch.tmp, ...command.env };
  const began = performance.now();
  const child = spawn(file, args, { cwd: launch.cwd, env });
  const timer = endMs === undefined ? undefined : setTimeout(() => child.kill(provider.stopSignal), endMs);
  const items: NewEvent[] = [];
  const lines: string[] = [];
  const stdio = openStdio(command, provider.reader(launch.session), (answered) => items.push(answered));
  stdio.stdin.pipe(child.stdin);
  const splitter = splitLines();
  child.stdout.on('data', (chunk: Buffer) => {
    for (const { line } of splitter.push(chunk)) {
      if (line !== undefined) lines.push(line);
      for (const item of line === undefined ? [] : stdio.read(line)) {
        items.push(item);
        if (item.kind === 'ask') stdio.answer({ ask: item.id, ...word });
      }
    }
  });
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  clearTimeout(timer);
  const answer = items.map((item) => (item.kind === 'answer' && item.part === 'text' ? item.text : '')).join('');
  return { items, answer, lines, code, stderr, ms: performance.now() - began };
}
