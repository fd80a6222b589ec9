import { ResourceNotFoundError } from '@modelcontextprotocol/server';
import { isOver } from '../job/machine.ts';
import { type Call, ownAccount, ownJob } from './call.ts';
import { demand } from './perform.ts';
import { plain } from './render.ts';

/** Jobs that resources/list shows. */
const LISTED = 20;
/** Events in job://<id>/events. */
const EVENTS = 1_000;

const URI = /^job:\/\/([A-Za-z0-9_-]{1,64})\/(result|events)$/;

export const resourceTemplates = [
  { uriTemplate: 'job://{jobId}/result', name: 'job-result', title: 'Answer of a job', mimeType: 'text/plain' },
  { uriTemplate: 'job://{jobId}/events', name: 'job-events', title: 'Events of a job', mimeType: 'application/x-ndjson' },
];

/** The newest jobs' answers. */
export async function listResources(call: Call) {
  const entries = await demand('llm_job_list', {}, call, () => ownAccount(call).list({ limit: LISTED }));
  return (entries ?? [])
    .filter(({ state }) => isOver(state))
    .map(({ id, provider, label }) => ({
      uri: `job://${id}/result`,
      name: id,
      title: `${provider}: ${plain(label)}`,
      mimeType: 'text/plain',
    }));
}

async function result(jobId: string, call: Call): Promise<string | undefined> {
  const found = await ownJob(call, jobId).text('answer', 0, call.config.limits.resultPageMaxChars);
  if (!found?.ok) return undefined;
  const { page } = found.value;
  const more =
    page.nextOffset === null
      ? ''
      : `\n\n[${page.total} characters in all. llm_job_result {"jobId":"${jobId}","offset":${page.nextOffset}} goes on.]`;
  return plain(page.text) + more;
}

async function events(jobId: string, call: Call): Promise<string | undefined> {
  const found = await ownJob(call, jobId).status(0, EVENTS);
  return found?.ok ? found.value.events.map((event) => JSON.stringify(event)).join('\n') : undefined;
}

/** The text behind a job:// address. A foreign job and an unknown one are both not found. */
export async function readResource(uri: string, call: Call) {
  const [, jobId, kind] = URI.exec(uri) ?? [];
  const [tool, read] = kind === 'result' ? (['llm_job_result', result] as const) : (['llm_job_status', events] as const);
  const text = jobId === undefined ? undefined : await demand(tool, { jobId }, call, () => read(jobId, call));
  if (text === undefined) throw new ResourceNotFoundError(uri);
  return { uri, mimeType: kind === 'result' ? 'text/plain' : 'application/x-ndjson', text };
}
