import { z } from 'zod';
import { providers } from '../../../container/providers/index.ts';
import { ok } from '../../errors.ts';
import { executorOf } from '../../runner/executor.ts';
import { VERSION } from '../../version.ts';
import { ownAccount } from '../call.ts';
import { tool } from '../tool.ts';

const known = Object.values(providers);

export const listModels = tool({
  name: 'list_models',
  title: 'List models',
  description: 'Models, aliases and default of each provider. Other model names are passed on.',
  scope: 'jobs:read',
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
  name: 'llm_process_health',
  title: 'Gateway health',
  description: 'Executor, CLI versions, your running and queued jobs, and the limits in force.',
  scope: 'jobs:read',
  input: z.strictObject({}),
  parts: ['health'],
  run: async (_input, call) => {
    const { env, config, caller } = call;
    const [executor, jobs] = await Promise.all([
      executorOf(env, config, caller.account, 'default').health(),
      ownAccount(call).health(),
    ]);
    const health = executor.kind === 'ok' ? { reachable: true, ...executor.value } : { reachable: false };
    return ok({ health: { version: VERSION, executor: health, ...jobs, limits: { ...config.limits } } });
  },
});
