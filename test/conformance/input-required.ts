import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  type InputRequests,
  inputRequired,
  type McpServer,
  type RequestStateCodec,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { said } from './media.ts';

const Sampled = z.object({ content: z.looseObject({ text: z.string() }) });
const Rooted = z.object({ roots: z.array(z.looseObject({ uri: z.string() })) });
const TEXT = { type: 'string' } as const;
const YES_OR_NO = { type: 'boolean' } as const;
const form = (message: string, key: string, property: typeof TEXT | typeof YES_OR_NO = TEXT) =>
  inputRequired.elicit({ message, requestedSchema: { type: 'object', properties: { [key]: property }, required: [key] } });
const sample = (text: string, maxTokens: number) =>
  inputRequired.createMessage({ messages: [{ role: 'user', content: { type: 'text', text } }], maxTokens });

/** The client's answer of a key, if it matches the shape. */
const answer = <T extends z.ZodType>({ mcpReq }: ServerContext, key: string, shape: T) =>
  shape.safeParse(mcpReq.inputResponses?.[key]).data;
const accepted = ({ mcpReq }: ServerContext, key: string) => acceptedContent(mcpReq.inputResponses, key);

/** The name that the client's person gave, or undefined. */
export const nameOf = (context: ServerContext) =>
  z.object({ name: z.string() }).safeParse(accepted(context, 'user_name')).data?.name;
export const askName: InputRequests = { user_name: form('What is your name?', 'name') };

const ASKS = {
  test_input_required_result_elicitation: {
    requests: askName,
    reply: (context: ServerContext) => {
      const name = nameOf(context);
      return name && `Hello, ${name}!`;
    },
  },
  test_input_required_result_sampling: {
    requests: { capital_question: sample('What is the capital of France?', 100) },
    reply: (context: ServerContext) => answer(context, 'capital_question', Sampled)?.content.text,
  },
  test_input_required_result_list_roots: {
    requests: { client_roots: inputRequired.listRoots() },
    reply: (context: ServerContext) =>
      answer(context, 'client_roots', Rooted)
        ?.roots.map(({ uri }) => uri)
        .join(' '),
  },
} satisfies Record<string, { requests: InputRequests; reply: (context: ServerContext) => string | undefined }>;

const STATEFUL = {
  test_input_required_result_request_state: { confirm: form('Please confirm', 'ok', YES_OR_NO) },
  test_input_required_result_tampered_state: { confirm: form('Please confirm', 'ok', YES_OR_NO) },
  test_input_required_result_multiple_inputs: {
    ...askName,
    greeting: sample('Generate a greeting', 50),
    client_roots: inputRequired.listRoots(),
  },
} satisfies Record<string, InputRequests>;

const Declared = z.looseObject({ [CLIENT_CAPABILITIES_META_KEY]: z.looseObject({}) });
const BY_CAPABILITY: InputRequests = {
  elicitation: form('What is your name?', 'name'),
  sampling: sample('What is the capital of France?', 100),
};

type Codec = RequestStateCodec<string>;

function addOneRound(mcp: McpServer, codec: Codec) {
  for (const [name, { requests, reply }] of Object.entries(ASKS))
    mcp.registerTool(name, { description: 'Requests input once.' }, (context) => {
      const text = reply(context);
      return text === undefined ? inputRequired({ inputRequests: requests }) : said(text);
    });
  for (const [name, requests] of Object.entries(STATEFUL))
    mcp.registerTool(name, { description: 'Requests input once, and checks its state.' }, async (context) => {
      const given = Object.keys(requests).every((key) => context.mcpReq.inputResponses?.[key] !== undefined);
      if (given && context.mcpReq.requestState() === name) return said('state-ok');
      return inputRequired({ inputRequests: requests, requestState: await codec.mint(name) });
    });
}

function addTwoRounds(mcp: McpServer, codec: Codec) {
  mcp.registerTool('test_input_required_result_multi_round', { description: 'Requests input twice.' }, async (context) => {
    const round = context.mcpReq.requestState();
    if (round === 'two' && accepted(context, 'step2')) return said('done after two rounds');
    const next: { state: string; inputRequests: InputRequests } =
      round === 'one' && accepted(context, 'step1')
        ? { state: 'two', inputRequests: { step2: form('Step 2: What is your favorite color?', 'color') } }
        : { state: 'one', inputRequests: { step1: form('Step 1: What is your name?', 'name') } };
    return inputRequired({ inputRequests: next.inputRequests, requestState: await codec.mint(next.state) });
  });
}

function addByCapability(mcp: McpServer) {
  mcp.registerTool(
    'test_input_required_result_capabilities',
    { description: 'Requests input that the client supports.' },
    (context) => {
      const declared = Object.keys(Declared.parse(context.mcpReq.envelope)[CLIENT_CAPABILITIES_META_KEY]);
      const inputRequests = Object.fromEntries(
        Object.entries(BY_CAPABILITY).filter(([capability]) => declared.includes(capability)),
      );
      return Object.keys(inputRequests).length > 0 ? inputRequired({ inputRequests }) : said('The client supports no input.');
    },
  );
}

function addPrompt(mcp: McpServer) {
  mcp.registerPrompt('test_input_required_result_prompt', { description: 'Requests input once.' }, (context) => {
    const text = z.object({ context: z.string() }).safeParse(accepted(context, 'user_context')).data?.context;
    if (text === undefined)
      return inputRequired({ inputRequests: { user_context: form('What context should the prompt use?', 'context') } });
    return { messages: [{ role: 'user', content: { type: 'text', text } }] };
  });
}

/** Adds tools and a prompt that request input by their result, and complete when they are called again with it. */
export function addInputTools(mcp: McpServer, codec: Codec): void {
  addOneRound(mcp, codec);
  addTwoRounds(mcp, codec);
  addByCapability(mcp);
  addPrompt(mcp);
}
