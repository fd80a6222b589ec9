import type { Decision } from '../account/ask.ts';
import type { Approval } from '../account/tables/approvals.ts';
import type { Result } from '../errors.ts';
import { accountOf, type Call } from './call.ts';
import { performApproved } from './perform.ts';

/** Decides a question. An approved call that is no request is made at once, as the grant that asked; a request's job goes on by itself. */
export async function decideApproval(decision: Decision, call: Call): Promise<Result<Approval>> {
  const decided = await accountOf(call).decide(decision);
  if (!decided.ok) return decided;
  const { kind, state, job } = decided.value;
  if (kind === 'call' && job === null && state === 'approved') await performApproved(decided.value, call);
  return decided;
}
