import { type McpServer, type McpServerFactory, ResourceTemplate } from '@modelcontextprotocol/server';
import { PNG } from './media.ts';

const TEXTS = {
  'test://static-text': 'This is the content of the static text resource.',
  'test://watched-resource': 'This may change.',
};

/** Adds resources of text and bytes, and a template. */
export function addResources(mcp: McpServer, era: Parameters<McpServerFactory>[0]['era']): void {
  for (const [uri, text] of Object.entries(TEXTS))
    mcp.registerResource(uri.slice('test://'.length), uri, { description: 'A text.', mimeType: 'text/plain' }, () => ({
      contents: [{ uri, mimeType: 'text/plain', text }],
    }));
  const binary = 'test://static-binary';
  mcp.registerResource('static-binary', binary, { description: 'A picture.', mimeType: 'image/png' }, () => ({
    contents: [{ uri: binary, mimeType: 'image/png', blob: PNG }],
  }));
  const template = new ResourceTemplate('test://template/{id}/data', { list: undefined });
  mcp.registerResource(
    'template',
    template,
    { description: 'Data by its id.', mimeType: 'application/json' },
    (uri, variables) => ({
      contents: [
        {
          uri: uri.href,
          mimeType: 'application/json',
          text: JSON.stringify({ id: variables.id, templateTest: true, data: `Data for ID: ${variables.id}` }),
        },
      ],
    }),
  );
  if (era === 'modern') return;
  mcp.server.setRequestHandler('resources/subscribe', () => ({}));
  mcp.server.setRequestHandler('resources/unsubscribe', () => ({}));
}
