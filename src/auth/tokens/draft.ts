import { z } from 'zod';
import type { Scope } from '../../caller.ts';
import { fail, type Result } from '../../errors.ts';
import { issuesOf } from '../../zod-issues.ts';
import { grantable, isScope } from '../scopes.ts';
import type { TokenDraft } from './access.ts';

const TokenForm = z.object({
  name: z.string().trim().min(1, 'enter a name').max(80),
  scopes: z.array(z.string().refine(isScope, 'unknown scope')).min(1, 'select at least one permission'),
  days: z.coerce.number().int().min(0).max(3_650),
});

/** The requested token, or why it cannot be created for this account. */
export function readDraft(account: string, input: unknown): Result<TokenDraft> {
  const read = TokenForm.safeParse(input);
  if (!read.success) return fail({ code: 'invalid_input', issues: issuesOf(read.error).map((issue) => `${issue}.`) });
  const { name, days } = read.data;
  const allowed = grantable(account);
  const scopes: Scope[] = read.data.scopes.filter(isScope);
  const beyond = scopes.filter((scope) => !allowed.includes(scope));
  if (beyond.length > 0)
    return fail({ code: 'invalid_input', issues: [`scopes: only the owner can grant ${beyond.join(', ')}.`] });
  return { ok: true, value: { name, scopes: [...new Set(scopes)], days: days === 0 ? undefined : days } };
}
