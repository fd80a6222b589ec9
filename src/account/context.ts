import { OWNER } from '../caller.ts';
import type { Config } from '../config.ts';
import { jobName, jobOf } from '../objects.ts';
import { Approvals } from './tables/approvals.ts';
import { AuditLog } from './tables/audit-log.ts';
import { Counters } from './tables/counters.ts';
import { AccountStore } from './tables/jobs.ts';
import { Policies } from './tables/policies.ts';
import { Spending } from './tables/spending.ts';
import { Announcements, receiverOf } from './webhook.ts';
import { Permissions } from './weigh.ts';

/** What an account consists of: each part has tables of its own in the object's storage. */
export type Parts = ReturnType<typeof openParts>;

/** The account's name; an object that its alarm wakes may not be told its own. */
function nameOf({ id, storage }: DurableObjectState): string {
  const known = storage.kv.get<string>('name');
  if (known === undefined && id.name !== undefined) storage.kv.put('name', id.name);
  return known ?? id.name ?? '';
}

export function openParts(state: DurableObjectState, env: Env, config: Config) {
  const { storage } = state;
  const { limits, defaultPolicy } = config;
  // The gateway's own token is the operator's: without a policy it may do what its scopes allow.
  const policies = new Policies(storage, (grant) => (grant === OWNER ? 'open' : defaultPolicy));
  const counters = new Counters(storage);
  const approvals = new Approvals(storage);
  return {
    limits,
    /** The object of a job. */
    jobOf: (job: { account: string; id: string }) => jobOf(env, jobName(job)),
    store: new AccountStore(storage),
    spending: new Spending(storage),
    audit: new AuditLog(storage, nameOf(state)),
    permissions: new Permissions(policies, counters, approvals),
    /** Where questions are announced, if anywhere. */
    receiver: receiverOf(config),
    announcements: new Announcements(storage),
    policies,
    counters,
    approvals,
  };
}
