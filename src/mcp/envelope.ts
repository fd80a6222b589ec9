import { z } from 'zod';
import { STATES } from '../job/machine.ts';
import { JobError, JobView } from '../job/record.ts';

const text = z.string();
const integer = z.int();

/** A page of a job's text. */
const Answer = z.object({
  text,
  offset: integer,
  nextOffset: integer.nullable(),
  total: integer,
  source: z.enum(['answer', 'partial', 'stdout', 'stderr']),
  structured: z.unknown().optional(),
});

/** A job in a list. */
const JobSummary = z.object({
  id: text,
  provider: text,
  state: z.enum(STATES),
  reason: text.optional(),
  createdAt: z.number(),
  finishedAt: z.number().optional(),
  costUsd: z.number(),
  label: text,
  correlationId: text.optional(),
});

const Models = z.object({
  provider: text,
  default: text,
  models: z.array(text),
  aliases: z.record(text, text),
});

const GatewayHealth = z.object({
  version: text,
  executor: z.looseObject({ reachable: z.boolean() }),
  running: integer,
  queued: integer,
  limits: z.record(text, z.number()),
});

/** What to call next, and why. */
const Next = z.object({ tool: text, arguments: z.record(text, z.unknown()), why: text });

/** Everything a tool can answer. Each tool declares which parts it uses; `ok` is false exactly where `error` is there. */
export const Envelope = z.object({
  ok: z.boolean(),
  job: JobView.optional(),
  answer: Answer.optional(),
  events: z.array(z.looseObject({ seq: integer, at: z.number(), kind: text })).optional(),
  nextAfterSeq: integer.optional(),
  jobs: z.array(JobSummary).optional(),
  nextCursor: text.optional(),
  models: z.array(Models).optional(),
  health: GatewayHealth.optional(),
  error: JobError.optional(),
  next: Next.optional(),
});
export type Envelope = z.infer<typeof Envelope>;
export type Part = Exclude<keyof Envelope, 'ok' | 'error'>;
