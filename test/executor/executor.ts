import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { chooseContainment } from '../../container/containment/choose.ts';
import {
  Event,
  EXECUTOR_ERRORS,
  type Health,
  PROTOCOL_VERSION,
  type RunLimits,
  type RunRequest,
} from '../../container/protocol.ts';
import { startExecutor as startHere } from '../../container/start.ts';
import { scripted } from '../fixtures/scripted-provider.ts';
import { SHELL } from '../helpers/shell.ts';

export const TOKEN = 'a-made-up-token-of-the-tests';
const FIXTURES = join(import.meta.dirname, '../fixtures');
const SCRIPTED_CLI = join(FIXTURES, 'scripted-cli.mjs');
/** The setting with which an executor also has the CLI of the provider `bound`. */
export const WITH_BOUND = { EXECUTOR_BOUND_BIN: SCRIPTED_CLI };

/** One step of the scripted CLI. */
export type Step = Record<string, unknown>;

export const LIMITS: RunLimits = {
  idleTimeoutMs: 60_000,
  runTimeoutMs: 60_000,
  outputCapBytes: 1_000_000,
  outputTailBytes: 1_000,
  cancelGraceMs: 5_000,
};

/** How to end the executors, and to remove the directories, of a test file. */
const endings: (() => Promise<unknown>)[] = [];
const directories: string[] = [];

/** Ends the executors and removes the directories of a test file. */
export async function removeLeftovers(): Promise<void> {
  await Promise.all(endings.splice(0).map((end) => end()));
  await Promise.all(directories.splice(0).map((path) => rm(path, { recursive: true, force: true, maxRetries: 3 })));
}

/** Builds a request that plays a script in a new session. */
export function requestOf(steps: Step[], changes: Partial<RunRequest> = {}): RunRequest {
  return {
    protocol: PROTOCOL_VERSION,
    account: 'acme',
    provider: 'scripted',
    prompt: JSON.stringify(steps),
    options: {},
    session: { mode: 'new', id: randomUUID() },
    gate: { baseUrl: 'http://127.0.0.1:9/gate', token: 'a-made-up-run-token' },
    limits: LIMITS,
    ...changes,
  };
}

/** Creates a directory for the length of a test file. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'executor-test-'));
  directories.push(directory);
  return directory;
}

/** Builds the environment of an executor with the scripted CLI. */
export function environmentOf(stateDirectory: string, changes: Record<string, string> = {}): Record<string, string> {
  return {
    ...SHELL,
    EXECUTOR_TOKEN: TOKEN,
    EXECUTOR_PORT: '0',
    EXECUTOR_STATE: stateDirectory,
    EXECUTOR_MIN_FREE_DISK_BYTES: '0',
    // The pinned Node, which plays the scripts, is in the project.
    EXECUTOR_READABLE_PATHS: dirname(process.execPath),
    EXECUTOR_SCRIPTED_BIN: SCRIPTED_CLI,
    ...changes,
  };
}

/** Starts an executor as a separate process, by default of this user. */
export function spawnExecutor(env: Record<string, string>, user: { uid?: number; gid?: number } = {}) {
  const executor = join(FIXTURES, 'scripted-executor.ts');
  const child = spawn(process.execPath, [executor], { env, ...user, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  endings.push(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, ended, stderr: text(child.stderr), lines: createInterface({ input: child.stdout }) };
}

const Listening = z.strictObject({ listening: z.url(), pid: z.int() });

/** Starts an executor, and returns functions that call its routes. */
export async function startExecutor(changes: Record<string, string> = {}, user: { uid?: number; gid?: number } = {}) {
  const state = changes.EXECUTOR_STATE ?? (await temporaryDirectory());
  const { child, ended, stderr, lines } = spawnExecutor(environmentOf(state, changes), user);
  const failed = ended.then(async () => Promise.reject(new Error(await stderr)));
  const [line] = await Promise.race([once(lines, 'line'), failed]);
  failed.catch(() => {});
  const { listening, pid } = Listening.parse(JSON.parse(line));
  const calls = callsOf(listening);
  const kill = async (signal: NodeJS.Signals): Promise<unknown> => {
    child.kill(signal);
    const [code] = await ended;
    return code;
  };
  return { state, url: listening, pid, kill, stderr, ...calls };
}

/** Starts an executor in this process, for tests of what it does with runs: a process of its own takes most of a second. */
export async function startExecutorHere(changes: Record<string, string> = {}) {
  const { listening, shutDown } = await startHere(environmentOf(await temporaryDirectory(), changes), { scripted });
  endings.push(shutDown);
  return { shutDown, ...callsOf(listening) };
}

/** Functions that call the routes of an executor. */
export function callsOf(url: string) {
  const call = async (method: string, path: string, body?: unknown) => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const response = await fetch(`${url}${path}`, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    return { status: response.status, text: await response.text() };
  };
  const page = async (id: string, query: string): Promise<Event[]> => {
    const { status, text } = await call('GET', `/runs/${id}/events?${query}`);
    if (status !== 200) throw new Error(`${status} ${text}`);
    const rows = text.split('\n').slice(0, -1);
    return rows.map((row) => Event.parse(JSON.parse(row)));
  };
  /** Reads events from a cursor until one is as wanted. */
  const readUntil = async (id: string, isLast: (event: Event) => boolean, after = 0): Promise<Event[]> => {
    const events: Event[] = [];
    while (!events.some(isLast)) events.push(...(await page(id, `wait=20000&after=${events.at(-1)?.seq ?? after}`)));
    return events;
  };
  const put = async (request: RunRequest, id: string = randomUUID()) => ({ id, ...(await call('PUT', `/runs/${id}`, request)) });
  const play = async (request: RunRequest) => {
    const { id, status, text } = await put(request);
    if (status !== 201) throw new Error(`${status} ${text}`);
    return readUntil(id, isExit);
  };
  return { call, page, readUntil, put, play };
}

export function isExit({ kind }: Event): boolean {
  return kind === 'exit';
}

const Failure = z.strictObject({ code: z.string(), message: z.string() });

/** Parses a refusal. Its code includes the HTTP status if that is not the one of EXECUTOR_ERRORS. */
export function refusalOf({ status, text }: { status: number; text: string }) {
  const { code, message } = Failure.parse(JSON.parse(text));
  const [, expected] = Object.entries(EXECUTOR_ERRORS).find(([name]) => name === code) ?? [];
  return { code: expected === status ? code : `${code} with status ${status}`, message };
}

/** Text of one stream in a run's events. */
export function textOf(events: Event[], stream: 'stdout' | 'stderr' = 'stdout'): string {
  return events.map(({ line }) => (line?.stream === stream ? line.text + (line.end ? '\n' : '') : '')).join('');
}

/** Returns the last event, which must be an exit. */
export function exitOf(events: Event[]) {
  const last = events.at(-1);
  if (last?.kind !== 'exit') throw new Error(`The last event is ${last?.kind}.`);
  return last;
}

/** True while a process other than a zombie has an argument. */
export function isRunning(argument: string): boolean {
  return readdirSync('/proc').some((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(argument);
    } catch {
      return false;
    }
  });
}

/** Creates an argument for `sleep` that no other process has. */
export function strayTag(): string {
  return `9${Math.floor(Math.random() * 1e12)}`;
}

/** The kinds of containment that work on this machine. Reports the others as skipped. */
export async function usableKinds(kinds: Health['containment'][]): Promise<Health['containment'][]> {
  const usable: Health['containment'][] = [];
  for (const kind of kinds) {
    const isUsable = await chooseContainment([kind], await temporaryDirectory()).then(
      () => true,
      () => false,
    );
    if (isUsable) usable.push(kind);
    else console.warn(`Skipped: runs cannot be confined by ${kind} on this machine.`);
  }
  return usable;
}
