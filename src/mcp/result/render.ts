import { isoTime } from '../../clock.ts';
import { cutText } from '../../cut-text.ts';
import { escapeInvisible } from '../../html/visible.ts';
import { isOver } from '../../job/machine.ts';
import { totalTokens } from '../../job/progress.ts';
import type { JobView } from '../../job/record.ts';
import type { CalledJob, Envelope } from './envelope.ts';
import { MARGIN_CHARS } from './fit.ts';

/**
 * Terminal sequences (ECMA-48: commands such as colors, and texts such as titles and links up to their end) and single control characters.
 * No part reaches over the escape character that begins the next sequence, so that the time is linear.
 */
const CONTROL =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|\u001b[\]PX^_][^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)|[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;

/** Text of a CLI without control characters and terminal sequences. */
export const stripControls = (text: string): string => text.replace(CONTROL, '');

/** Characters of a step awaiting approval, and of an event, in one line. */
const MAX_LINE_CHARS = 300;

const seconds = (ms: number) => `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
const ago = (ms: number) => (ms < 1_500 ? 'just now' : `${seconds(ms)} ago`);

/** Whose keys paid, unless the operator's did. */
const PAID = { operator: '', own: ' on your own key', both: ' in part on your own key' };

function spentSoFar({ usage, paidBy = 'operator' }: JobView): string | undefined {
  if (!usage) return undefined;
  const tokens = `${totalTokens(usage)} tokens (${usage.outputTokens} out)`;
  return `${tokens}${usage.costUsd === undefined ? '' : `, $${usage.costUsd.toFixed(4)}`}${PAID[paidBy]}`;
}

/** A progress message: state, last activity and cost so far. */
export function progressLine(job: CalledJob): string {
  const place = job.queuePlace === undefined ? undefined : `place ${job.queuePlace} in the queue`;
  const facts = [
    `${job.id} ${job.canceling ? 'canceling' : job.state}`,
    seconds(job.elapsedMs),
    place,
    job.activity && stripControls(job.activity),
    spentSoFar(job),
  ];
  return facts.filter(Boolean).join(' · ');
}

/** A job in one line: provider, state, last activity, cost so far and what is special about it. */
function jobLine(job: CalledJob): string {
  const now = job.createdAt + job.elapsedMs;
  const facts = [
    `${job.provider} job ${job.id}: ${job.canceling ? 'canceling' : job.state}${job.reason && job.reason !== 'answered' ? ` (${job.reason})` : ''}`,
    job.title && quoted(job.title),
    `created ${isoTime(job.createdAt)}`,
    job.startedAt !== undefined && `started ${isoTime(job.startedAt)}`,
    job.finishedAt !== undefined && `finished ${isoTime(job.finishedAt)}`,
    seconds(job.elapsedMs),
    job.queuePlace === undefined ? undefined : `place ${job.queuePlace} in the queue`,
    job.hold &&
      `${stripControls(job.hold.reason)} (${job.hold.rule}); approval ${job.hold.approvalId} pending at ${job.hold.url} until ${isoTime(job.hold.expiresAt)}`,
    ...(job.asks ?? []).map(
      ({ approvalId, tool, input, askedAt }) =>
        `approval ${approvalId} pending since ${isoTime(askedAt)} for ${escapeInvisible(`${tool}: ${input}`).slice(0, MAX_LINE_CHARS)}`,
    ),
    job.activity && stripControls(job.activity),
    job.activity && job.lastActivityAt !== undefined ? ago(Math.max(0, now - job.lastActivityAt)) : undefined,
    job.model,
    spentSoFar(job),
    job.sessionId && `session ${job.sessionId}`,
    job.deduplicated ? 'existing job of an identical request' : undefined,
    job.deleted ? 'deleted' : undefined,
    ...(job.left ?? []),
    job.alreadyOver ? 'already over' : undefined,
    job.denials && !isOver(job.state) && `not permitted: ${job.denials.map(({ tool }) => tool).join(', ')}`,
  ];
  return facts.filter(Boolean).join(' · ');
}

/** Facts as JSON in one line, without those that are null. */
const compact = (value: unknown) =>
  stripControls(JSON.stringify(value, (_key, part: unknown) => (part === null ? undefined : part)) ?? '');

/** Denied calls that are named. */
const MAX_SHOWN_DENIALS = 5;

/** The denied calls of a job that is over: what comes first, because its answer may claim or lack the work. */
function denialLines({ state, denials = [] }: CalledJob): string | undefined {
  if (!isOver(state) || denials.length === 0) return undefined;
  const shown = denials.slice(0, MAX_SHOWN_DENIALS);
  const lines = shown.map(({ tool, input }) => `- ${escapeInvisible(`${tool} ${input}`).slice(0, MAX_LINE_CHARS)}`);
  const more = denials.length - shown.length;
  return ['Not permitted, so not done:', ...lines, ...(more > 0 ? [`- and ${more} more`] : [])].join('\n');
}

/** Notices of a kind that a text has. */
const MAX_SHOWN_NOTICES = 10;

/** What of the request has no effect, and which MCP servers the run does without. */
function noticeLines({ ignored = [], notConnected = [] }: CalledJob): string | undefined {
  const servers = notConnected.map(({ name, reason }) => `${name} (${reason})`).slice(0, MAX_SHOWN_NOTICES);
  const lines = [
    ...ignored.slice(0, MAX_SHOWN_NOTICES).map(({ option, reason }) => `Ignored: ${option}: ${reason}.`),
    ...(servers.length > 0 ? [`MCP servers that did not connect: ${servers.join(', ')}.`] : []),
  ];
  return lines.map((line) => cutText(escapeInvisible(line), 2 * MAX_LINE_CHARS)).join('\n') || undefined;
}

/** A text of a caller in quotes and in one line. */
const quoted = (text: string) => JSON.stringify(stripControls(text.replace(/\s+/g, ' ')));

function listLine(job: NonNullable<Envelope['jobs']>[number]): string {
  const facts = [
    `${job.id} ${job.provider} ${job.state}`,
    job.title && `title ${quoted(job.title)}`,
    `created ${isoTime(job.createdAt)}`,
    job.finishedAt !== undefined && `finished ${isoTime(job.finishedAt)}`,
    `$${job.costUsd.toFixed(4)}`,
    job.sessionId && `session ${job.sessionId}`,
    job.workspace && `workspace ${job.workspace}`,
    job.correlationId && `correlationId ${quoted(job.correlationId)}`,
    `prompt ${quoted(job.label)}`,
  ];
  return facts.filter(Boolean).join(' · ');
}

const eventLine = ({ seq, kind, at, time: _time, ...rest }: NonNullable<Envelope['events']>[number]) =>
  `${seq} ${kind} ${isoTime(at)} ${cutText(compact(rest), MAX_LINE_CHARS)}`;

const modelLines = (models: NonNullable<Envelope['models']>) =>
  models
    .map(
      ({ provider, default: usual, models: known, aliases }) =>
        `${provider}: ${known.join(', ')} (default ${usual}; aliases ${Object.keys(aliases).join(', ') || 'none'})`,
    )
    .join('\n');

function approvalLine(approval: NonNullable<Envelope['approval']>): string {
  const { id, kind, state, tool, args, client, grant, rule, reason, estimateUsd, jobId } = approval;
  const { createdAt, expiresAt, decidedAt } = approval;
  const facts = [
    `${kind} of ${tool} by ${client || 'a client'} (${grant})`,
    jobId && `job ${jobId}`,
    `${reason} (${rule})`,
    estimateUsd !== undefined && `expected cost $${estimateUsd.toFixed(2)}`,
    `created ${isoTime(createdAt)}`,
    decidedAt === undefined ? `expires ${isoTime(expiresAt)}` : `decided ${isoTime(decidedAt)} by ${approval.decidedBy}`,
    approval.said && `said: ${approval.said}`,
  ];
  return `${id} ${state}: ${escapeInvisible(`${facts.filter(Boolean).join(' · ')} · ${JSON.stringify(args)}`)}`;
}

function errorLine({ code, message, rule, approvalId, retryAfterMs }: NonNullable<Envelope['error']>): string {
  const facts = [
    `Error ${code}: ${message}`,
    rule && !message.includes(rule) && `Rule: ${rule}.`,
    approvalId && !message.includes(approvalId) && `Approval: ${approvalId}.`,
    retryAfterMs && `Retry after ${seconds(retryAfterMs)}.`,
  ];
  return stripControls(facts.filter(Boolean).join(' '));
}

const decisionLines = ({ decision, rule, reason, refusal, counters = [] }: NonNullable<Envelope['decision']>) =>
  [
    `${decision}: ${reason} (${rule})`,
    ...(refusal ? [`Its arguments would be refused: ${refusal}`] : []),
    ...counters.map(compact),
  ].join('\n');

const auditLines = ({ rows, base, head }: NonNullable<Envelope['audit']>) =>
  [...rows.map(compact), `Chain from ${compact(base)} to ${compact(head)}.`].join('\n');

/** The text of each part of an answer besides the text of a job's answer, in the order of the text. */
const LINES: Record<Exclude<keyof Envelope, 'ok' | 'answer'>, (envelope: Envelope) => string | undefined> = {
  error: ({ error }) => error && errorLine(error),
  jobs: ({ jobs }) => jobs && (jobs.map(listLine).join('\n') || 'No jobs.'),
  models: ({ models }) => models && modelLines(models),
  health: ({ health }) => health && compact(health),
  approvals: ({ approvals }) => approvals && (approvals.map(approvalLine).join('\n') || 'No approvals.'),
  approval: ({ approval }) => approval && approvalLine(approval),
  policies: ({ policies }) => policies?.map(compact).join('\n'),
  decision: ({ decision }) => decision && decisionLines(decision),
  audit: ({ audit }) => audit && auditLines(audit),
  events: ({ events }) => events?.map(eventLine).join('\n'),
  job: ({ job }) => job && `[${jobLine(job)}]`,
  nextCursor: ({ nextCursor }) => nextCursor && `There are more. Repeat the call with cursor "${nextCursor}".`,
  nextAfterSeq: ({ nextAfterSeq }) => (nextAfterSeq === undefined ? undefined : `Later events: afterSeq ${nextAfterSeq}.`),
  next: ({ next }) => next && `Next: ${next.tool} ${JSON.stringify(next.arguments)}. ${next.why}`,
};

/** Structured output as JSON, unless the text of the answer is the same. */
function structuredText({ text, structured }: NonNullable<Envelope['answer']>): string {
  const json = structured === undefined ? '' : JSON.stringify(structured);
  return json.replace(/\s/g, '') === text.replace(/\s/g, '') ? '' : json;
}

/** The answer as text: denied calls first, then the CLI's own text alone, then what a model needs to act on it. */
export function render(envelope: Envelope, maxChars: number): string[] {
  const { answer, job } = envelope;
  const said = [job && denialLines(job), job && noticeLines(job), answer?.text, answer && structuredText(answer)];
  const room = Math.max(MARGIN_CHARS, maxChars - said.join('').length) - MARGIN_CHARS / 2;
  const lines = Object.values(LINES).map((line) => cutText(line(envelope) ?? '', room));
  const blocks = [...said, lines.filter(Boolean).join('\n')].filter((block): block is string => Boolean(block));
  return blocks.length > 0 ? blocks : [compact(envelope)];
}
