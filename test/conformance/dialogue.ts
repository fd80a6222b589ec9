import type { ElicitRequestFormParams, McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { said } from './media.ts';

type FormSchema = ElicitRequestFormParams['requestedSchema'];

const user: FormSchema = {
  type: 'object',
  properties: {
    username: { type: 'string', description: "User's response" },
    email: { type: 'string', description: "User's email address" },
  },
  required: ['username', 'email'],
};

const defaults: FormSchema = {
  type: 'object',
  properties: {
    name: { type: 'string', default: 'John Doe' },
    age: { type: 'integer', default: 30 },
    score: { type: 'number', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', default: true },
  },
};

const plain = ['option1', 'option2', 'option3'];
const titled = (word: string) =>
  ['First', 'Second', 'Third'].map((nth, i) => ({ const: `value${i + 1}`, title: `${nth} ${word}` }));

const enums: FormSchema = {
  type: 'object',
  properties: {
    untitledSingle: { type: 'string', enum: plain },
    titledSingle: { type: 'string', oneOf: titled('Option') },
    legacyEnum: { type: 'string', enum: ['opt1', 'opt2', 'opt3'], enumNames: ['Option One', 'Option Two', 'Option Three'] },
    untitledMulti: { type: 'array', items: { type: 'string', enum: plain } },
    titledMulti: { type: 'array', items: { anyOf: titled('Choice') } },
  },
};

const FORMS = { test_elicitation_sep1034_defaults: defaults, test_elicitation_sep1330_enums: enums };

/** Adds tools of the older revision, which send requests to the client while they run. */
export function addDialogueTools(mcp: McpServer): void {
  const prompt = z.object({ prompt: z.string() });
  mcp.registerTool('test_sampling', { description: 'Requests sampling.', inputSchema: prompt }, async (input, { mcpReq }) => {
    const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: input.prompt } }];
    const { content } = await mcpReq.requestSampling({ messages, maxTokens: 100 });
    const [first] = [content].flat();
    return said(`LLM response: ${first?.type === 'text' ? first.text : ''}`);
  });
  const message = z.object({ message: z.string() });
  mcp.registerTool(
    'test_elicitation',
    { description: 'Requests elicitation.', inputSchema: message },
    async (input, { mcpReq }) => {
      const { action, content } = await mcpReq.elicitInput({ message: input.message, requestedSchema: user });
      return said(`User response: action: ${action}, content: ${JSON.stringify(content ?? {})}`);
    },
  );
  for (const [name, requestedSchema] of Object.entries(FORMS))
    mcp.registerTool(name, { description: 'Requests elicitation with a form.' }, async ({ mcpReq }) => {
      const { action, content } = await mcpReq.elicitInput({ message: 'Please fill in', requestedSchema });
      return said(`Elicitation completed: action=${action}, content=${JSON.stringify(content ?? {})}`);
    });
}
