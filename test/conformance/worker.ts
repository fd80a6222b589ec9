import { isAllowedOrigin, resourceOf } from '../../src/auth/resource.ts';
import { readConfig } from '../../src/config.ts';
import { mcpHandler } from '../../src/mcp/http/handler.ts';
import { fixtureServer } from './server.ts';
import { refuseWithoutTasks } from './tasks.ts';

const BODY_MAX_BYTES = 4_194_304;

const handler = mcpHandler(({ era }) => fixtureServer(era, handler.notify), BODY_MAX_BYTES);

/** Checks Host and Origin as the gateway does. */
function isAllowedHost(request: Request): boolean {
  const config = readConfig({});
  const resource = resourceOf(new URL(request.url), config);
  const origin = request.headers.get('origin');
  return resource !== null && (origin === null || isAllowedOrigin(origin, resource, config));
}

export default {
  fetch: async (request: Request) => {
    if (!isAllowedHost(request)) return new Response(null, { status: 403 });
    return (await refuseWithoutTasks(request)) ?? handler.fetch(request);
  },
};
