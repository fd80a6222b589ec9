import { ResourceNotFoundError } from '@modelcontextprotocol/server';
import { rangeOf } from '../config.ts';
import { isOver } from '../job/machine.ts';
import { GATEWAY_TOOLS } from '../policy/tools.ts';
import { type Call, ownAccount, ownJob } from './call.ts';
import { METHOD_TOOL } from './methods.ts';
import { authorizeMethod, recordDelivery } from './perform.ts';
import { maxResultChars } from './result/fit.ts';
import { stripControls } from './result/render.ts';
import { withTimes } from './result/times.ts';
import { answerOf } from './tools/answer.ts';

/** Jobs that resources/list shows. */
const MAX_LISTED = 20;

const URI = /^job:\/\/([A-Za-z0-9_-]{1,64})\/(result|events)$/;

export const resourceTemplates = [
  { uriTemplate: 'job://{jobId}/result', name: 'job-result', title: 'Answer of a job', mimeType: 'text/plain' },
  { uriTemplate: 'job://{jobId}/events', name: 'job-events', title: 'Events of a job', mimeType: 'application/x-ndjson' },
];

/** The answers of the newest jobs. */
export async function listResources(call: Call) {
  const entries = await authorizeMethod(METHOD_TOOL['resources/list'], {}, call, ({ onlyGrant }) =>
    ownAccount(call).list({ limit: MAX_LISTED, grant: onlyGrant }),
  );
  return (entries ?? [])
    .filter(({ state }) => isOver(state))
    .map(({ id, provider, title, label }) => ({
      uri: `job://${id}/result`,
      name: id,
      title: `${provider}: ${stripControls(title ?? label)}`,
      mimeType: 'text/plain',
    }));
}

async function result(jobId: string, call: Call): Promise<string | undefined> {
  const found = await ownJob(call, jobId).text('answer', 0, call.config.limits.resultPageChars);
  if (!found?.ok) return undefined;
  const { page } = found.value;
  await recordDelivery(answerOf(found.value, maxResultChars(call.config.limits)), call);
  const more =
    page.nextOffset === null
      ? ''
      : `\n\n[${page.total} characters in all. llm_job_result {"jobId":"${jobId}","offset":${page.nextOffset}} continues.]`;
  return stripControls(page.text) + more;
}

async function events(jobId: string, call: Call): Promise<string | undefined> {
  const found = await ownJob(call, jobId).status(0, rangeOf('eventPageSize').max, maxResultChars(call.config.limits));
  if (!found?.ok) return undefined;
  const { job, events: shown, nextAfterSeq } = found.value;
  const more = nextAfterSeq < job.lastSeq ? [{ next: `llm_job_status {"jobId":"${jobId}","afterSeq":${nextAfterSeq}}` }] : [];
  return [...shown, ...more].map((line) => JSON.stringify(withTimes(line))).join('\n');
}

const KINDS = {
  result: { tool: METHOD_TOOL['resources/read'], read: result, mimeType: 'text/plain' },
  events: { tool: GATEWAY_TOOLS.jobStatus, read: events, mimeType: 'application/x-ndjson' },
} as const;

/** The text behind a job:// address. A foreign job and an unknown one are both not found. */
export async function readResource(uri: string, call: Call) {
  const [, jobId = '', kind] = URI.exec(uri) ?? [];
  if (kind !== 'result' && kind !== 'events') throw new ResourceNotFoundError(uri);
  const { tool, read, mimeType } = KINDS[kind];
  const text = await authorizeMethod(tool, { jobId }, call, () => read(jobId, call));
  if (text === undefined) throw new ResourceNotFoundError(uri);
  return { uri, mimeType, text };
}
