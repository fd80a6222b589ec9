import { oauthServer } from './server.ts';

const BATCH = 100;
/** Batches in one go, each of at most about 200 reads: a Worker has 1,000 and the next night goes on. */
const MOST_BATCHES = 4;
const CURSOR = 'purge-cursor';
/** The sweep goes over the whole namespace; any resource will do. */
const RESOURCE = 'https://localhost/mcp';

/** Removes expired OAuth data from KV, from where the last sweep stopped. */
export async function purgeOAuth(env: Env): Promise<void> {
  let cursor = (await env.OAUTH_KV.get(CURSOR)) ?? undefined;
  for (let batch = 0; batch < MOST_BATCHES; batch += 1) {
    const result = await oauthServer(RESOURCE).purgeExpiredData(env, { batchSize: BATCH, ...(cursor && { cursor }) });
    cursor = result.cursor;
    if (cursor === undefined) return env.OAUTH_KV.delete(CURSOR);
  }
  if (cursor !== undefined) await env.OAUTH_KV.put(CURSOR, cursor);
}
