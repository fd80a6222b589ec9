import { oauthServer } from './server.ts';

const BATCH_SIZE = 100;
/** Batches of one night. Each makes up to about 200 reads, and a Worker may make 1,000. */
const MAX_BATCHES = 4;
const CURSOR_KEY = 'purge-cursor';
/** The sweep covers the whole namespace, so any resource will do. */
const ANY_RESOURCE = 'https://localhost/mcp';

/** Removes expired OAuth data from KV, and continues where the last sweep stopped. */
export async function purgeOAuth(env: Env): Promise<void> {
  let cursor = (await env.OAUTH_KV.get(CURSOR_KEY)) ?? undefined;
  for (let batch = 0; batch < MAX_BATCHES; batch += 1) {
    const result = await oauthServer(ANY_RESOURCE).purgeExpiredData(env, { batchSize: BATCH_SIZE, ...(cursor && { cursor }) });
    cursor = result.cursor;
    if (cursor === undefined) return env.OAUTH_KV.delete(CURSOR_KEY);
  }
  if (cursor !== undefined) await env.OAUTH_KV.put(CURSOR_KEY, cursor);
}
