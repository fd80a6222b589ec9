import { expect, test } from 'vitest';
import { outcomeOf, scratchDirectory } from '../helpers/gateway-process.ts';
import { wranglerDev } from '../helpers/wrangler-dev.ts';

test('plain wrangler dev without Docker names Docker and the flag to do without', async () => {
  const { stdout, stderr, code } = await outcomeOf(wranglerDev(scratchDirectory(), { WRANGLER_DOCKER_BIN: '/bin/false' }));
  expect(stdout + stderr).toMatch(/The Docker CLI is needed[\s\S]* --enable-containers=false/);
  expect(code).toBe(1);
});
