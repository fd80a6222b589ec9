import { z } from 'zod';
import { Workspace } from '../../../container/protocol.ts';
import { providers } from '../../../container/providers/index.ts';
import { wordsOf } from '../../account/tables/job-text.ts';
import type { JobEntry } from '../../account/tables/jobs.ts';
import { ok } from '../../errors.ts';
import { STATES } from '../../job/machine.ts';
import { GATEWAY_TOOLS } from '../../policy/tools.ts';
import { ownAccount } from '../call.ts';
import type { Envelope } from '../result/envelope.ts';
import { tool } from '../tool.ts';
import { pageInput, pageOf, placeAfter } from './page.ts';

/** Longest query, in UTF-16 units. */
const MAX_QUERY_CHARS = 500;

const Iso = z.union([z.iso.date(), z.iso.datetime({ offset: true, local: true })]);

/** A time in ISO 8601, in UTC unless it has an offset, or in ms since 1970, as ms; NaN for anything else. */
function msOf(text: string): number {
  // Fewer digits are a year or seconds.
  if (/^(0|\d{12,15})$/.test(text)) return Number(text);
  if (!Iso.safeParse(text).success) return Number.NaN;
  const hasZone = /Z$|[+-]\d\d:\d\d$/.test(text);
  return Date.parse(text.includes('T') && !hasZone ? `${text}Z` : text);
}

const time = (description: string) =>
  z
    .string()
    .transform(msOf)
    .refine((ms) => !Number.isNaN(ms), 'must be a time in ISO 8601, such as 2026-12-31T23:59:00Z, or in ms since 1970')
    .optional()
    .describe(description);

const input = z
  .strictObject({
    query: z
      .string()
      .max(MAX_QUERY_CHARS)
      .refine((query) => wordsOf(query).length > 0, 'must have a visible character')
      .describe('Words that occur in its title, or in the start or end of its prompt or answer.')
      .optional(),
    state: z.enum(STATES).optional(),
    provider: z.enum(Object.keys(providers)).optional(),
    workspace: Workspace.optional(),
    sessionId: z.string().min(1).max(200).optional(),
    correlationId: z.string().min(1).max(200).optional(),
    since: time('Requested at this time or later: ISO 8601, or ms since 1970.'),
    until: time('Requested before this time.'),
    ...pageInput(20, 100),
  })
  .refine(({ since, until }) => since === undefined || until === undefined || since < until, 'since must be before until');

const summaryOf = (entry: JobEntry): NonNullable<Envelope['jobs']>[number] => ({
  id: entry.id,
  provider: entry.provider,
  state: entry.state,
  reason: entry.reason ?? undefined,
  title: entry.title ?? undefined,
  label: entry.label,
  sessionId: entry.session ?? undefined,
  workspace: entry.workspace ?? undefined,
  createdAt: entry.created_at,
  finishedAt: entry.finished_at ?? undefined,
  costUsd: entry.cost_usd,
  correlationId: entry.correlation_id ?? undefined,
});

export const jobList = tool({
  ...GATEWAY_TOOLS.jobList,
  title: 'List jobs',
  description: 'Your jobs, newest first: those that match every given filter.',
  input,
  parts: ['jobs', 'nextCursor'],
  run: async ({ cursor, limit, ...filter }, call, _asked, permit) => {
    const before = placeAfter(cursor, filter);
    if (!before.ok) return before;
    const entries = await ownAccount(call).list({ ...filter, grant: permit?.onlyGrant, before: before.value, limit });
    const { shown: jobs, nextCursor } = pageOf({ entries, limit, filter }, ({ place }) => place, summaryOf);
    return ok({ jobs, nextCursor });
  },
});
