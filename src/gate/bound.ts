import { z } from 'zod';
import { parsedJson } from '../../container/providers/json.ts';
import type { Service } from '../../container/providers/provider.ts';
import { fail, ok, type Result } from '../errors.ts';

/** A model call as it is judged and forwarded. */
export interface ModelCall {
  model: string;
  /** The most that it can cost, in USD. */
  usd: number;
  /** Without equal keys, of which the service may read another one than the gate. */
  body: string;
}

/** Tokens of a call whose service fetches input by itself: the largest context of a model. */
const CONTEXT_TOKENS = 1_000_000;
/** Output of a call that does not limit it, in tokens. */
const OUTPUT_TOKENS = 128_000;
/** Uses of a tool of the service in a call that does not limit them, and the most that one costs, in USD. */
const SERVER_TOOL = { uses: 100, usd: 0.01 };
/** Sources that the service fetches. */
const FETCHED = /"type": ?"(?:url|file|image_url|input_file)"|"(?:file_id|mcp_servers|container)":/;

/** Fields of a request that can raise its price, with the values that do not. */
const LISTED_PRICE: Record<string, string[]> = {
  speed: ['standard'],
  service_tier: ['auto', 'default', 'standard_only'],
  inference_geo: ['global'],
};

const count = z.int().nonnegative().optional().catch(undefined);
/** A tool whose schema the caller gives is the caller's; the service runs any other. */
const Tool = z.looseObject({ input_schema: z.unknown().optional(), parameters: z.unknown().optional(), max_uses: count });
const Request = z.looseObject({ model: z.string().default(''), tools: z.array(Tool).nullish() });

/** Reads a model call from its JSON, or reports why its price is not known. A token has at least one byte. */
export function readCall({ rates, outputLimit }: Service, json: string): Result<ModelCall> {
  const given = parsedJson(json);
  const { data } = Request.safeParse(given);
  const refused = (reason: string) => fail({ code: 'gate_refused', reason });
  if (!data) return refused('A model call must be a JSON object whose model is a string and whose tools are objects.');
  for (const [field, listed] of Object.entries(LISTED_PRICE)) {
    const value = data[field];
    if (value != null && !listed.includes(String(value)))
      return refused(`The price of this ${field} is not known. Leave it out.`);
  }
  const { model, tools } = data;
  const served = (tools ?? []).filter(({ input_schema, parameters }) => input_schema === undefined && parameters === undefined);
  const uses = served.reduce((sum, { max_uses = SERVER_TOOL.uses }) => sum + max_uses, 0);
  const inputTokens = new TextEncoder().encode(json).byteLength + (served.length > 0 || FETCHED.test(json) ? CONTEXT_TOKENS : 0);
  const { input, output } = rates(model);
  const outputTokens = count.parse(data[outputLimit]) ?? OUTPUT_TOKENS;
  const usd = (inputTokens * input + outputTokens * output) / 1_000_000 + uses * SERVER_TOOL.usd;
  return ok({ model, usd, body: JSON.stringify(given) });
}
