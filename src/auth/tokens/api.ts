import { fail, ok } from '../../errors.ts';
import { accessOf } from '../../objects.ts';
import { apiAt } from '../api.ts';
import { apiToken } from '../bearer.ts';
import { readDraft } from './draft.ts';

/** API tokens for scripts: POST and GET /api/tokens, DELETE /api/tokens/:id. */
export const tokenApi = apiAt('/api/tokens', {
  POST: {
    tool: 'token_create',
    status: 201,
    args: ({ body }) => body,
    run: async ({ env, caller: { account, grant }, body }) => {
      const draft = readDraft(account, body);
      const made = draft.ok ? await accessOf(env, { account }).createToken(draft.value, grant) : draft;
      return made.ok ? ok({ ...made.value.token, token: apiToken(account, made.value.secret) }) : made;
    },
  },
  GET: {
    tool: 'token_list',
    args: () => ({}),
    run: async ({ env, caller }) => ok({ tokens: await accessOf(env, caller).tokens() }),
  },
  DELETE: {
    tool: 'token_revoke',
    args: ({ id }) => ({ id }),
    run: async ({ env, caller, id }) =>
      (await accessOf(env, caller).revokeToken(id, caller.grant)) ? ok({ revoked: true }) : fail({ code: 'not_found' }),
  },
});
