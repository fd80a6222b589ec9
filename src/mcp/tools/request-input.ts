import { z } from 'zod';
import { type RunSession, Workspace } from '../../../container/protocol.ts';
import type { Provider } from '../../../container/providers/provider.ts';
import { type Limits, rangeOf } from '../../config.ts';
import { fail, ok, type Result } from '../../errors.ts';
import { joinParts } from '../../prompt-parts.ts';

/** A whole number within the bounds of a limit, for a request that sets its own. */
const within = (limit: keyof Limits) => z.int().min(rangeOf(limit).min).max(rangeOf(limit).max);

/** Longest title of a job, in UTF-16 units. */
export const MAX_TITLE_CHARS = 200;

const part = z.string().max(rangeOf('promptMaxBytes').max);

const common = {
  prompt: z.string().min(1).describe('What to do. Give this or promptParts.').optional(),
  promptParts: z
    .strictObject({ system: part.optional(), tools: part.optional(), context: part.optional(), task: part.min(1) })
    .describe('The prompt in parts, joined in this order.')
    .optional(),
  sessionId: z.uuid().describe('Conversation to continue (sessionId of an earlier job).').optional(),
  createNewSession: z.boolean().describe('Start a new conversation, with sessionId as its id if given.').optional(),
  forkSession: z.boolean().describe('Continue in a copy of the conversation.').optional(),
  workspace: Workspace.describe('Named directory to work in; kept between jobs.').optional(),
  workingDir: z.string().min(1).max(1_024).describe('Relative directory inside the workspace.').optional(),
  idleTimeoutMs: within('idleTimeoutMs').describe('End after this long without output.').optional(),
  runTimeoutMs: within('runTimeoutMs').describe('End after this long.').optional(),
  idempotencyKey: z.string().min(1).max(200).optional(),
  reuseCompleted: z.boolean().describe('Accept the finished job of an identical request.').optional(),
  forceRefresh: z.boolean().describe('Run even if an identical job is running or its answer was not read.').optional(),
  correlationId: z.string().min(1).max(200).describe('Your own id, returned with the job.').optional(),
  title: z.string().trim().min(1).max(MAX_TITLE_CHARS).describe('Name of the job in lists.').optional(),
};

const latest = z.boolean().describe("Continue the workspace's latest conversation.").optional();
const syncDeadlineMs = within('syncDeadlineMs').optional();

/** How long a checked input asks to wait for the answer, in ms; undefined if it does not say. */
export const waitOf = (input: Record<string, unknown>) => z.object({ syncDeadlineMs }).parse(input).syncDeadlineMs;

/** The input of a provider's request tool: common parameters, the provider's options, and how long to wait for the answer. */
export function requestInput(provider: Provider, isAsync: boolean, limits: Limits) {
  const options = Object.fromEntries(Object.entries(provider.options).map(([key, option]) => [key, option.type]));
  const waiting = {
    syncDeadlineMs: syncDeadlineMs.describe(
      `Wait this long for the answer (default ${limits.syncDeadlineMs}), then return the job id.`,
    ),
  };
  return z.strictObject({
    ...common,
    idempotencyKey: common.idempotencyKey.describe(`Same key, same job, for ${limits.idempotencyHours} h.`),
    [provider.latestParameter]: latest,
    ...options,
    ...(isAsync ? {} : waiting),
  });
}

const Common = z.object(common);
type Common = z.infer<typeof Common>;

/** A checked request. */
export interface Request {
  prompt: string;
  session: RunSession;
  options: Record<string, unknown>;
  common: Common;
}

/** What is wrong with a text that goes to a CLI. */
function textIssues(where: string, text: string): string[] {
  return [
    ...(text.includes('\0') ? [`${where} holds a NUL character. Remove it.`] : []),
    ...(text.isWellFormed() ? [] : [`${where} holds half of a surrogate pair. Send whole characters.`]),
  ];
}

function promptIssues({ prompt, promptParts }: Common, text: string, limits: Limits): string[] {
  if ((prompt === undefined) === (promptParts === undefined))
    return [`Give exactly one of prompt and promptParts; ${prompt === undefined ? 'neither' : 'both'} was given.`];
  const bytes = new TextEncoder().encode(text).byteLength;
  const long =
    bytes > limits.promptMaxBytes
      ? [`The prompt has ${bytes} bytes, limit ${limits.promptMaxBytes}. Put long material into a workspace.`]
      : [];
  return [...long, ...textIssues('The prompt', text)];
}

function sessionIssues(asked: Common, isLatest: boolean, parameter: string): string[] {
  const named = asked.sessionId !== undefined && !asked.createNewSession;
  return [
    ...(isLatest && (asked.createNewSession || asked.sessionId !== undefined)
      ? [`${parameter} excludes sessionId and createNewSession. Give one of them.`]
      : []),
    ...(isLatest && asked.workspace === undefined
      ? [`${parameter} needs a workspace: the latest conversation is looked up there.`]
      : []),
    ...(asked.forkSession && !named && !isLatest
      ? [`forkSession needs a conversation to copy: give sessionId or ${parameter}.`]
      : []),
  ];
}

function plan({ sessionId, createNewSession, forkSession }: Common, isLatest: boolean): RunSession {
  if (forkSession) return { mode: 'fork', id: crypto.randomUUID(), ...(isLatest ? {} : { from: sessionId }) };
  if (isLatest) return { mode: 'latest' };
  if (sessionId !== undefined && !createNewSession) return { mode: 'resume', id: sessionId };
  return { mode: 'new', id: sessionId ?? crypto.randomUUID() };
}

function escapesWorkspace(path: string | undefined): string[] {
  if (path === undefined) return [];
  const out = path.startsWith('/') || path.includes('\\') || path.split('/').includes('..');
  return out
    ? [`workingDir ${JSON.stringify(path.slice(0, 80))} leaves the workspace. Give a relative path inside it.`]
    : textIssues('workingDir', path);
}

function optionIssues(provider: Provider, options: Record<string, unknown>, limits: Limits): string[] {
  const json = JSON.stringify(options);
  const bytes = new TextEncoder().encode(json).byteLength;
  const large =
    bytes > limits.optionsMaxBytes ? [`The options have ${bytes} bytes of JSON, limit ${limits.optionsMaxBytes}.`] : [];
  const broken = json.includes('\\u0000') ? ['An option holds a NUL character. Remove it.'] : [];
  const halved = /\\ud[89a-f]/i.test(json) ? ['An option holds half of a surrogate pair. Send whole characters.'] : [];
  return [...large, ...broken, ...halved, ...provider.conflicts(options)];
}

/** The request in a checked input, or everything that is wrong with it. */
export function readRequest(provider: Provider, input: Record<string, unknown>, limits: Limits): Result<Request> {
  const asked = Common.parse(input);
  const isLatest = input[provider.latestParameter] === true;
  const options = Object.fromEntries(
    Object.keys(provider.options).flatMap((key) => (input[key] === undefined ? [] : [[key, input[key]]])),
  );
  const prompt = asked.prompt ?? (asked.promptParts ? joinParts(asked.promptParts) : '');
  const issues = [
    ...promptIssues(asked, prompt, limits),
    ...sessionIssues(asked, isLatest, provider.latestParameter),
    ...escapesWorkspace(asked.workingDir),
    ...textIssues('title', asked.title ?? ''),
    ...optionIssues(provider, options, limits),
  ];
  if (issues.length > 0) return fail({ code: 'invalid_input', issues });
  return ok({ prompt, session: plan(asked, isLatest), options, common: asked });
}
