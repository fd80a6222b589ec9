import { providers } from '../../../container/providers/index.ts';
import { isOver } from '../machine.ts';
import { usageOfRun } from '../progress.ts';
import type { JobView } from '../record.ts';
import type { JobRow } from '../store.ts';
import { permittingRequest } from './permitting.ts';

/** Id of the approval of a job's step. */
export const approvalIdOf = (jobId: string, ask: string) => `${jobId}:${ask}`;

function openAsks({ spec, progress }: JobRow): JobView['asks'] {
  const open = progress.asks.filter(({ id }) => !Object.hasOwn(progress.answers, id));
  const shown = open.map(({ id, tool, input, at }) => ({
    approvalId: approvalIdOf(spec.id, id),
    tool,
    input,
    askedAt: at,
  }));
  return shown.length > 0 ? shown : undefined;
}

function ignoredOptions({ spec }: JobRow): JobView['ignored'] {
  const ignored = providers[spec.provider]?.ignored?.(spec.options, spec.session.mode !== 'new') ?? [];
  return ignored.length > 0 ? ignored : undefined;
}

/** The session that a job's run writes to, or undefined before the CLI has chosen one. */
export const sessionIdOf = ({ spec, progress }: Pick<JobRow, 'spec' | 'progress'>): string | undefined =>
  progress.sessionId ?? ('id' in spec.session ? spec.session.id : undefined);

/** A job as its owner sees it at `now` (ms since 1970). Unknown facts are absent fields. */
export function viewOf(row: JobRow, now: number, readPrompt: () => string): JobView {
  const { spec, progress, ending } = row;
  const finishedAt = row.finished_at ?? undefined;
  const over = isOver(row.state);
  const waiting =
    row.state === 'held' ? 'waiting for approval' : row.admitted_at ? 'waiting for an executor' : 'waiting for its turn';
  return {
    id: spec.id,
    provider: spec.provider,
    title: spec.title,
    state: row.state,
    reason: ending?.reason,
    canceling: !over && row.cancel_requested_at !== null ? true : undefined,
    createdAt: row.created_at,
    startedAt: row.started_at ?? undefined,
    finishedAt,
    elapsedMs: (finishedAt ?? now) - row.created_at,
    activity: over ? undefined : (progress.activity ?? waiting),
    hold: row.state === 'held' && row.hold ? row.hold : undefined,
    asks: over ? undefined : openAsks(row),
    lastActivityAt: progress.lastActivityAt,
    lastSeq: row.cursor,
    model: progress.model,
    models: progress.result && progress.result.models.length > 1 ? progress.result.models : undefined,
    sessionId: sessionIdOf(row),
    workspace: spec.workspace,
    turns: progress.turns,
    usage: usageOfRun(progress),
    paidBy: progress.paidBy,
    denials: progress.denials.length > 0 ? progress.denials : undefined,
    ignored: ignoredOptions(row),
    notConnected: progress.notConnected,
    permitting: permittingRequest(row, readPrompt),
    correlationId: spec.correlationId,
    error: ending?.error,
  };
}
