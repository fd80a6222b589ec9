import { inputRequired, type McpServer, type ServerNotifier } from '@modelcontextprotocol/server';
import { askName } from './input-required.ts';
import { said } from './media.ts';

/** Tools for a server without sessions: need a capability, request input by a result, log, and announce a change. */
export function addStatelessTools(mcp: McpServer, notify: ServerNotifier): void {
  const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: 'hi' } }];
  mcp.registerTool('test_missing_capability', { description: 'Needs a client with sampling.' }, () =>
    inputRequired({ inputRequests: { model: inputRequired.createMessage({ messages, maxTokens: 10 }) } }),
  );
  mcp.registerTool('test_streaming_elicitation', { description: 'Requests input by its result.' }, () =>
    inputRequired({ inputRequests: askName }),
  );
  mcp.registerTool('test_logging_tool', { description: 'Logs.' }, async ({ mcpReq }) => {
    await mcpReq.log('info', 'a line');
    return said('done');
  });
  mcp.registerTool('test_trigger_tool_change', { description: 'Announces changed tools.' }, () => {
    notify.toolsChanged();
    return said('announced');
  });
  mcp.registerTool('test_trigger_prompt_change', { description: 'Announces changed prompts.' }, () => {
    notify.promptsChanged();
    return said('announced');
  });
}
