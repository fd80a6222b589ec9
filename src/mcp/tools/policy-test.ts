import { z } from 'zod';
import { providers } from '../../../container/providers/index.ts';
import type { Limits } from '../../config.ts';
import { ok, toToolError } from '../../errors.ts';
import { GATEWAY_TOOLS } from '../../policy/tools.ts';
import { lenientArgs } from '../arguments/lenient.ts';
import { ownAccount } from '../call.ts';
import { parseInput } from '../input.ts';
import { toolCall } from '../perform.ts';
import { type Tool, tool } from '../tool.ts';
import { asText, policy, target } from './policy.ts';
import { readRequest } from './request-input.ts';

/** Why a call with these arguments would be refused before its policy is asked; undefined if it would not be. */
function refusalOf({ input, provider: id = '', makesJob }: Tool, args: Record<string, unknown>, limits: Limits) {
  const provider = providers[id];
  const parsed = parseInput(input, args, provider?.misnamed);
  const read = parsed.ok && provider && makesJob ? readRequest(provider, parsed.value, limits) : parsed;
  return read.ok ? undefined : toToolError(read.failure).message;
}

/** Tries a policy on a call of any tool. `find` returns a tool by name. */
export const policyTest = (limits: Limits, find: (name: string) => Tool | undefined) =>
  tool({
    ...GATEWAY_TOOLS.policyTest,
    title: 'Try a policy',
    description: 'The rule that would decide a call, and why, under the policy in force or a given one. Changes nothing.',
    input: z.strictObject({
      tool: z.string().min(1).max(128),
      arguments: z.record(z.string(), z.unknown()).default({}),
      target,
      policy: policy.optional(),
    }),
    parts: ['decision'],
    run: async ({ tool: name, arguments: given, target: grant, policy: document }, call) => {
      const known = find(name);
      const args = known ? lenientArgs(known.input, given) : given;
      const asked = { ...toolCall(name, args, call), grant };
      const written = document === undefined ? undefined : asText(document);
      const tried = await ownAccount(call).tryPolicy({ target: grant, written, call: asked });
      if (!tried.ok) return tried;
      const { kind: decision, rule, reason } = tried.value.decision;
      const refusal = known && refusalOf(known, args, limits);
      return ok({ decision: { decision, rule, reason, refusal, counters: tried.value.counters } });
    },
  });
