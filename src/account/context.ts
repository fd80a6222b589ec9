import { OWNER } from '../caller.ts';
import type { Config } from '../config.ts';
import { jobName, jobOf } from '../objects.ts';
import { Announcements } from './tables/announcements.ts';
import { Approvals } from './tables/approvals.ts';
import { AuditLog } from './tables/audit-log.ts';
import { Counters } from './tables/counters.ts';
import { JobIndex } from './tables/jobs.ts';
import { Policies } from './tables/policies.ts';
import { Spending } from './tables/spending.ts';

/** What the verbs of an account work on: its limits, its tables and its jobs' objects. */
export type AccountContext = ReturnType<typeof openAccount>;

/** The account's name. It is stored, because the platform may not report it to an object that an alarm wakes. */
function nameOf({ id, storage }: DurableObjectState): string {
  const stored = storage.kv.get<string>('name');
  if (stored === undefined && id.name !== undefined) storage.kv.put('name', id.name);
  return stored ?? id.name ?? '';
}

export function openAccount(state: DurableObjectState, env: Env, config: Config) {
  const { storage } = state;
  const name = nameOf(state);
  const { limits, defaultPolicy, ceilingPolicy, approvalWebhookUrl: url, approvalWebhookSecret: secret } = config;
  return {
    name,
    limits,
    /** Where the heads of audit logs are kept, outside of their objects; and small values of this object. */
    heads: env.OAUTH_KV,
    marks: storage.kv,
    /** The object of a job. */
    jobOf: (job: { account: string; id: string }) => jobOf(env, jobName(job)),
    /** The webhook that approvals are announced to, and the key that signs the announcements; or undefined. */
    receiver: url !== undefined && secret !== undefined ? { url, secret } : undefined,
    jobs: new JobIndex(storage),
    // The gateway token is the operator's: without a policy of its own it may do what its scopes allow.
    policies: new Policies(
      storage,
      (grant) => (grant === OWNER ? 'open' : defaultPolicy),
      ceilingPolicy ?? (name === OWNER ? 'open' : defaultPolicy),
    ),
    counters: new Counters(storage),
    approvals: new Approvals(storage),
    announcements: new Announcements(storage),
    spending: new Spending(storage),
    audit: new AuditLog(storage, name),
  };
}
