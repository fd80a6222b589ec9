import { completable, type McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { PNG } from './media.ts';

const spoken = (text: string) => ({ role: 'user' as const, content: { type: 'text' as const, text } });

/** Adds prompts without arguments, with arguments, with a resource and with an image. */
export function addPrompts(mcp: McpServer): void {
  mcp.registerPrompt('test_simple_prompt', { description: 'A text.' }, () => ({
    messages: [spoken('This is a simple prompt for testing.')],
  }));
  const twoArguments = z.object({
    arg1: completable(z.string(), (begun) => ['paris', 'park', 'party'].filter((word) => word.startsWith(begun))),
    arg2: z.string(),
  });
  mcp.registerPrompt(
    'test_prompt_with_arguments',
    { description: 'Repeats its arguments.', argsSchema: twoArguments },
    ({ arg1, arg2 }) => ({
      messages: [spoken(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)],
    }),
  );
  mcp.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'Embeds a resource.', argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri }) => {
      const resource = { uri: resourceUri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' };
      return {
        messages: [
          { role: 'user', content: { type: 'resource', resource } },
          spoken('Please process the embedded resource above.'),
        ],
      };
    },
  );
  mcp.registerPrompt('test_prompt_with_image', { description: 'Shows a picture.' }, () => ({
    messages: [
      { role: 'user', content: { type: 'image', data: PNG, mimeType: 'image/png' } },
      spoken('Please analyze the image above.'),
    ],
  }));
}
