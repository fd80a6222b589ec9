import { z } from 'zod';
import type { PolicyState } from '../../account/policy-admin.ts';
import { DEFAULT_TARGET } from '../../account/tables/policies.ts';
import { cutText } from '../../cut-text.ts';
import { ok } from '../../errors.ts';
import { DOCUMENT_MAX_CHARS } from '../../policy/document.ts';
import { PRESET_NAMES } from '../../policy/preset-names.ts';
import { API_CALLS, GATEWAY_TOOLS, KNOWN_TOOLS } from '../../policy/tools.ts';
import { type Call, ownAccount } from '../call.ts';
import { upTo } from '../input.ts';
import type { Envelope } from '../result/envelope.ts';
import { fittingPart } from '../result/fit.ts';
import { withTimes } from '../result/times.ts';
import { tool } from '../tool.ts';

/** Whose policy: a grant's, or the default. */
export const target = z
  .string()
  .regex(/^[\w-]{1,80}$/, 'must be "default" or the id of a grant')
  .default(DEFAULT_TARGET)
  .describe('"default", or a grant: token_<id>, owner, or an OAuth grant.');
/** A policy as a caller writes it: a preset's name, or a document as text or object. */
export const policy = z.union([z.string().max(DOCUMENT_MAX_CHARS), z.record(z.string(), z.unknown())]);

/** A policy as it is stored. */
export const asText = (written: string | object) => (typeof written === 'string' ? written : JSON.stringify(written));
const asPolicy = (written: string): string | Record<string, unknown> =>
  written.trimStart().startsWith('{') ? JSON.parse(written) : written;

/** Names in a document that are not tools here: a policy may be older, newer or from another gateway. */
function unknownTools(written: string): string[] {
  const parsed = z
    .object({ hide: z.array(z.string()).default([]), tools: z.record(z.string(), z.unknown()).default({}) })
    .safeParse(asPolicy(written));
  const named = parsed.success ? [...parsed.data.hide, ...Object.keys(parsed.data.tools)] : [];
  const known: string[] = [...KNOWN_TOOLS.map(({ name }) => name), ...API_CALLS];
  return [...new Set(named)].filter((name) => !name.endsWith('*') && !known.includes(name));
}

/** Longest document of a policy that an answer shows whole, longest one in its history, and longest history, in UTF-16 units. */
const POLICY_CHARS = 20_000;
const MAX_CHANGE_CHARS = 1_000;
const MAX_HISTORY_CHARS = 10_000;

/** A policy up to a length; a longer document as text with a mark, which no longer is a policy. */
const shownPolicy = (written: string, max: number) => (written.length > max ? cutText(written, max) : asPolicy(written));

function view(
  name: string,
  { written, from, ceiling, shadow, changes }: PolicyState,
  maxChars: number,
): NonNullable<Envelope['policies']>[number] {
  const unknown = fittingPart(unknownTools(written), MAX_HISTORY_CHARS);
  const history = changes.map(({ at, by, mode, written: changed }) => ({
    at,
    by,
    mode,
    policy: changed === null ? null : shownPolicy(changed, MAX_CHANGE_CHARS),
  }));
  return {
    target: name,
    policy: shownPolicy(written, maxChars),
    from,
    ceiling,
    shadow: shadow === undefined ? undefined : shownPolicy(shadow, maxChars / 2),
    changes: fittingPart(withTimes(history), MAX_HISTORY_CHARS),
    unknownTools: unknown.length > 0 ? unknown : undefined,
  };
}

const stateOf = async (name: string, call: Call, maxChars: number) =>
  view(name, await ownAccount(call).policyState(name), maxChars);

export const policyGet = tool({
  ...GATEWAY_TOOLS.policyGet,
  title: 'Get a policy',
  description: 'The policy in force for a grant or by default, its ceiling, origin and history.',
  input: z.strictObject({
    target,
    maxChars: upTo(DOCUMENT_MAX_CHARS * 2, POLICY_CHARS).describe('A longer document is cut; half of this for the shadow.'),
  }),
  parts: ['policies'],
  maxPageChars: DOCUMENT_MAX_CHARS * 2,
  run: async ({ target: name, maxChars }, call) => ok({ policies: [await stateOf(name, call, maxChars)] }),
});

export const policySet = tool({
  ...GATEWAY_TOOLS.policySet,
  title: 'Set a policy',
  description:
    'Sets what a grant, or by default every grant, may call: a preset or a document of version "1". Takes effect with the next call.',
  input: z.strictObject({
    target,
    policy: policy.nullable().describe(`${PRESET_NAMES.join(', ')}, or a document; null removes the policy.`),
    shadow: z.boolean().default(false).describe('Only log its decisions in the audit log.'),
  }),
  parts: ['policies'],
  run: async ({ target: name, policy: wanted, shadow }, call) => {
    const written = wanted === null ? null : asText(wanted);
    const done = await ownAccount(call).setPolicy(name, shadow ? 'shadow' : 'enforce', written, call.caller.grant);
    return done.ok ? ok({ policies: [await stateOf(name, call, POLICY_CHARS)] }) : done;
  },
});
