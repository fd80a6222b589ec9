import { stripVTControlCharacters } from 'node:util';
import { totalTokens } from '../../job/progress.ts';
import type { JobView } from '../../job/record.ts';
import type { CalledJob, Envelope } from './envelope.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;

/** Text of a CLI without control characters and terminal sequences. */
export const stripControls = (text: string): string => stripVTControlCharacters(text).replace(CONTROL, '');

/** Characters that are invisible or change the layout, except line ends and tabs. */
const INVISIBLE = /[[\p{C}\p{Zl}\p{Zp}\p{DI}]--[\n\t]]/gv;

/** Text for a person to decide on: nothing is left out, and invisible characters appear as code points. */
export const escapeInvisible = (text: string): string =>
  text.replace(INVISIBLE, (found) => `\\u{${found.codePointAt(0)?.toString(16)}}`);

/** Characters of a step awaiting approval, and of an event, in one line. */
const MAX_LINE_CHARS = 300;

const seconds = (ms: number) => `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
const ago = (ms: number) => (ms < 1_500 ? 'just now' : `${seconds(ms)} ago`);

function spentSoFar({ usage }: JobView): string | undefined {
  if (!usage) return undefined;
  const tokens = `${totalTokens(usage)} tokens (${usage.outputTokens} out)`;
  return usage.costUsd === undefined ? tokens : `${tokens}, $${usage.costUsd.toFixed(4)}`;
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
    seconds(job.elapsedMs),
    job.queuePlace === undefined ? undefined : `place ${job.queuePlace} in the queue`,
    job.hold && `${stripControls(job.hold.reason)} (${job.hold.rule}); approval pending at ${job.hold.url}`,
    ...(job.asks ?? []).map(
      ({ tool, input }) => `approval pending for ${escapeInvisible(`${tool}: ${input}`).slice(0, MAX_LINE_CHARS)}`,
    ),
    job.activity && stripControls(job.activity),
    job.activity && job.lastActivityAt !== undefined ? ago(Math.max(0, now - job.lastActivityAt)) : undefined,
    job.model,
    spentSoFar(job),
    job.sessionId && `session ${job.sessionId}`,
    job.deduplicated ? 'existing job of an identical request' : undefined,
    job.deleted ? 'deleted' : undefined,
    job.alreadyOver ? 'already over' : undefined,
    job.denials && `not permitted: ${job.denials.map(({ tool }) => tool).join(', ')}`,
  ];
  return facts.filter(Boolean).join(' · ');
}

const call = ({ tool, arguments: args, why }: NonNullable<Envelope['next']>) => `Next: ${tool} ${JSON.stringify(args)}. ${why}`;

const listLines = (jobs: NonNullable<Envelope['jobs']>) =>
  jobs.length === 0
    ? 'No jobs.'
    : jobs
        .map(
          (job) => `${job.id} ${job.provider} ${job.state} ${new Date(job.createdAt).toISOString()} ${stripControls(job.label)}`,
        )
        .join('\n');

const eventLine = ({ seq, kind, at: _at, ...rest }: NonNullable<Envelope['events']>[number]) =>
  `${seq} ${kind} ${stripControls(JSON.stringify(rest)).slice(0, MAX_LINE_CHARS)}`;

const modelLines = (models: NonNullable<Envelope['models']>) =>
  models
    .map(
      ({ provider, default: usual, models: known, aliases }) =>
        `${provider}: ${known.join(', ')} (default ${usual}; aliases ${Object.keys(aliases).join(', ') || 'none'})`,
    )
    .join('\n');

/** The answer as text: the CLI's own text first and alone, then what a model needs to act on it. */
export function render(envelope: Envelope): string[] {
  const { answer, job, error, next, jobs, events, models, health } = envelope;
  const rest = [
    error &&
      `Error ${error.code}: ${stripControls(error.message)}${error.retryAfterMs ? ` Retry after ${seconds(error.retryAfterMs)}.` : ''}`,
    jobs && listLines(jobs),
    models && modelLines(models),
    health && JSON.stringify(health),
    events && events.length > 0 && events.map(eventLine).join('\n'),
    job && `[${jobLine(job)}]`,
    next && call(next),
  ];
  const blocks = [answer?.text, rest.filter(Boolean).join('\n')];
  return blocks.filter((block): block is string => Boolean(block));
}
