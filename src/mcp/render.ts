import { stripVTControlCharacters } from 'node:util';
import { totalTokens } from '../job/progress.ts';
import type { JobView } from '../job/record.ts';
import type { Envelope } from './envelope.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;

/** Text of a CLI without what a terminal would obey. */
export const plain = (text: string): string => stripVTControlCharacters(text).replace(CONTROL, '');

/** What is not seen, or moves what is seen: but for line ends and tabs. */
const UNSEEN = /[[\p{C}\p{Zl}\p{Zp}\p{DI}]--[\n\t]]/gv;

/** Text that a person decides on: nothing is left out, and what would not be seen stands there as its code point. */
export const exact = (text: string): string => text.replace(UNSEEN, (unseen) => `\\u{${unseen.codePointAt(0)?.toString(16)}}`);

/** Characters of a step that is asked about in one line. */
const ASK_CHARS = 300;

const seconds = (ms: number) => `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
const ago = (ms: number) => (ms < 1_500 ? 'just now' : `${seconds(ms)} ago`);

function spent({ usage }: JobView): string | undefined {
  if (!usage) return undefined;
  const tokens = `${totalTokens(usage)} tokens (${usage.outputTokens} out)`;
  return usage.costUsd === undefined ? tokens : `${tokens}, $${usage.costUsd.toFixed(4)}`;
}

/** What a person who waits reads: where the job stands, what it does and what it cost so far. */
export function progressLine(job: JobView): string {
  const place = job.queuePlace === undefined ? undefined : `place ${job.queuePlace} in the queue`;
  const facts = [
    `${job.id} ${job.canceling ? 'canceling' : job.state}`,
    seconds(job.elapsedMs),
    place,
    job.activity && plain(job.activity),
    spent(job),
  ];
  return facts.filter(Boolean).join(' · ');
}

/** One line on a job: what it is, where it stands, what it did last and what it cost so far. */
function jobLine(job: JobView): string {
  const now = job.createdAt + job.elapsedMs;
  const facts = [
    `${job.provider} job ${job.id}: ${job.canceling ? 'canceling' : job.state}${job.reason && job.reason !== 'answered' ? ` (${job.reason})` : ''}`,
    seconds(job.elapsedMs),
    job.queuePlace === undefined ? undefined : `place ${job.queuePlace} in the queue`,
    job.hold && `${plain(job.hold.reason)} (${job.hold.rule}); a person decides at ${job.hold.url}`,
    ...(job.asks ?? []).map(({ tool, input }) => `asks for ${exact(`${tool}: ${input}`).slice(0, ASK_CHARS)}`),
    job.activity && plain(job.activity),
    job.activity && job.lastActivityAt !== undefined ? ago(Math.max(0, now - job.lastActivityAt)) : undefined,
    job.model,
    spent(job),
    job.sessionId && `session ${job.sessionId}`,
    job.deduplicated ? 'the same request was made before, this is its job' : undefined,
    job.deleted ? 'deleted' : undefined,
    job.alreadyOver ? 'it was over already' : undefined,
    job.denials && `not permitted: ${job.denials.map(({ tool }) => tool).join(', ')}`,
  ];
  return facts.filter(Boolean).join(' · ');
}

const call = ({ tool, arguments: args, why }: NonNullable<Envelope['next']>) => `Next: ${tool} ${JSON.stringify(args)}. ${why}`;

const listLines = (jobs: NonNullable<Envelope['jobs']>) =>
  jobs.length === 0
    ? 'No jobs.'
    : jobs
        .map((job) => `${job.id} ${job.provider} ${job.state} ${new Date(job.createdAt).toISOString()} ${plain(job.label)}`)
        .join('\n');

const eventLine = ({ seq, kind, at: _at, ...rest }: NonNullable<Envelope['events']>[number]) =>
  `${seq} ${kind} ${plain(JSON.stringify(rest)).slice(0, 300)}`;

const modelLines = (models: NonNullable<Envelope['models']>) =>
  models
    .map(
      ({ provider, default: usual, models: known, aliases }) =>
        `${provider}: ${known.join(', ')} (default ${usual}; aliases ${Object.keys(aliases).join(', ') || 'none'})`,
    )
    .join('\n');

/** The answer as text: what the CLI said first and alone, then what a model needs to act on it. */
export function render(envelope: Envelope): string[] {
  const { answer, job, error, next, jobs, events, models, health } = envelope;
  const rest = [
    error &&
      `Error ${error.code}: ${plain(error.message)}${error.retryAfterMs ? ` Retry after ${seconds(error.retryAfterMs)}.` : ''}`,
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
