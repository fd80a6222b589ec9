import { z } from 'zod';
import { providers } from '../../../container/providers/index.ts';
import { ok } from '../../errors.ts';
import { GATEWAY_TOOLS } from '../../policy/tools.ts';
import { executorOf } from '../../runner/executor.ts';
import { VERSION } from '../../version.ts';
import { ownAccount } from '../call.ts';
import { tool } from '../tool.ts';

const known = Object.values(providers);

export const listModels = tool({
  ...GATEWAY_TOOLS.listModels,
  title: 'List models',
  description: 'Models, aliases and default model of each provider. Other model names are passed to the CLI.',
  input: z.strictObject({ provider: z.enum(Object.keys(providers)).optional() }),
  parts: ['models'],
  run: async ({ provider }) => {
    const wanted = known.filter(({ id }) => provider === undefined || id === provider);
    return ok({
      models: wanted.map(({ id, models }) => ({
        provider: id,
        default: models.default,
        models: models.known,
        aliases: models.aliases,
      })),
    });
  },
});

export const processHealth = tool({
  ...GATEWAY_TOOLS.processHealth,
  title: 'Gateway health',
  description: 'State of the executor, versions of the CLIs, your running and queued jobs, and the limits in force.',
  input: z.strictObject({}),
  parts: ['health'],
  run: async (_input, call) => {
    const { env, config, caller } = call;
    const [executor, jobs] = await Promise.all([
      executorOf(env, config, caller.account, 'default').health(),
      ownAccount(call).health(),
    ]);
    const health = executor.kind === 'ok' ? { reachable: true, ...executor.value } : { reachable: false, ...executor.error };
    return ok({ health: { version: VERSION, executor: health, ...jobs, limits: { ...config.limits } } });
  },
});
