import { fail, ok } from '../../errors.ts';
import { accessOf } from '../../objects.ts';
import { apiAt } from '../api.ts';
import { readCredential } from './draft.ts';

/** Credentials for scripts: POST and GET /api/credentials, DELETE /api/credentials/:name. */
export const credentialApi = apiAt('/api/credentials', {
  POST: {
    tool: 'credential_set',
    args: ({ body: { name } }) => ({ name }),
    run: async ({ env, caller, body }) => {
      const draft = readCredential(body);
      if (!draft.ok) return draft;
      const set = await accessOf(env, caller).setCredential(draft.value, caller.grant);
      return set.ok ? ok({ name: draft.value.name }) : set;
    },
  },
  GET: {
    tool: 'credential_list',
    args: () => ({}),
    run: async ({ env, caller }) => ok({ credentials: await accessOf(env, caller).credentials() }),
  },
  DELETE: {
    tool: 'credential_remove',
    args: ({ id }) => ({ name: id }),
    run: async ({ env, caller, id }) =>
      (await accessOf(env, caller).removeCredential(id, caller.grant)) ? ok({ removed: true }) : fail({ code: 'not_found' }),
  },
});
