import { fromJsonSchema, type McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { PNG, said, WAV } from './media.ts';

const image = { type: 'image', data: PNG, mimeType: 'image/png' } as const;
const audio = { type: 'audio', data: WAV, mimeType: 'audio/wav' } as const;
const resource = (uri: string, mimeType: string, text: string) =>
  ({ type: 'resource', resource: { uri, mimeType, text } }) as const;

const CONTENT = {
  test_simple_text: said('This is a simple text response for testing.').content,
  test_image_content: [image],
  test_audio_content: [audio],
  test_embedded_resource: [resource('test://embedded-resource', 'text/plain', 'This is an embedded resource content.')],
  test_multiple_content_types: [
    ...said('Multiple content types test:').content,
    image,
    resource('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
  ],
};

/** Keywords of JSON Schema 2020-12 that tools/list must keep. */
const KEYWORDS = fromJsonSchema({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: { address: { $anchor: 'addressDef', type: 'object', properties: { street: { type: 'string' } } } },
  properties: {
    address: { $ref: '#/$defs/address' },
    contactMethod: { enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } } },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
});

const MIRRORED = z.object({ region: z.string().meta({ 'x-mcp-header': 'Region' }).optional() });

/** Adds tools that answer with each kind of content, fail, report progress or log. */
export function addContentTools(mcp: McpServer): void {
  for (const [name, content] of Object.entries(CONTENT))
    mcp.registerTool(name, { description: 'Answers with fixed content.' }, () => ({ content: [...content] }));
  mcp.registerTool('test_error_handling', { description: 'Fails.' }, () => {
    throw new Error('This tool intentionally returns an error for testing');
  });
  mcp.registerTool('json_schema_2020_12_tool', { description: 'Takes a rich schema.', inputSchema: KEYWORDS }, () => said('ok'));
  mcp.registerTool(
    'mirrored_parameter',
    { description: 'Mirrors its argument in a header.', inputSchema: MIRRORED },
    ({ region }) => said(`region ${region}`),
  );
  mcp.registerTool('test_tool_with_progress', { description: 'Reports progress.' }, async ({ mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken;
    for (const progress of progressToken === undefined ? [] : [0, 50, 100])
      await mcpReq.notify({
        method: 'notifications/progress',
        params: { progressToken: progressToken ?? 0, progress, total: 100 },
      });
    return said('done');
  });
  mcp.registerTool('test_tool_with_logging', { description: 'Logs.' }, async ({ mcpReq }) => {
    for (const line of ['Tool execution started', 'Tool processing data', 'Tool execution completed'])
      await mcpReq.log('info', line);
    return said('done');
  });
}
