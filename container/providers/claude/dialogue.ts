import { z } from 'zod';
import { name } from '../messages/lines.ts';
import { messagesReader } from '../messages/reader.ts';
import { readTexts } from '../parsed-line.ts';
import type { Dialogue, Launch, ParsedLine } from '../provider.ts';

/** The prompt as plain text: after a line feed, Claude Code does not take "/cost" for a command of its own. */
export const claudePrompt = (prompt: string) => (/^\s*\//.test(prompt) ? `\n${prompt}` : prompt);

/** The executor takes answers to ids of this length. */
const requestId = z.string().min(1).max(200);

/** Requests of Claude Code to the program that started it. */
const Control = z.discriminatedUnion('type', [
  z.object({ type: z.literal('control_request'), request_id: requestId, request: z.unknown() }),
  z.object({ type: z.literal('control_cancel_request'), request_id: requestId }),
]);
type Control = z.infer<typeof Control>;

const Permission = z.object({
  subtype: z.literal('can_use_tool'),
  tool_name: name,
  input: z.unknown().refine((input) => input !== undefined),
});

const respond = (response: object) => JSON.stringify({ type: 'control_response', response });

function handleControl(control: Control): ParsedLine {
  const { request_id } = control;
  if (control.type === 'control_cancel_request') return { items: [], withdrawn: request_id };
  const permission = Permission.safeParse(control.request);
  if (!permission.success)
    return { items: [], reply: respond({ subtype: 'error', request_id, error: 'Only permission requests are supported.' }) };
  const { tool_name: tool, input } = permission.data;
  const answer = (allowed: boolean, message: string) =>
    respond({
      subtype: 'success',
      request_id,
      response: allowed ? { behavior: 'allow', updatedInput: input } : { behavior: 'deny', message },
    });
  return { items: [], request: { id: request_id, tool, input: JSON.stringify(input), answer } };
}

function readControl(line: string): ParsedLine | undefined {
  if (!line.includes('"control_')) return undefined;
  try {
    const control = Control.safeParse(JSON.parse(line));
    return control.success ? handleControl(control.data) : undefined;
  } catch {
    // Not valid JSON, or nested deeper than the stack.
    return undefined;
  }
}

/** A reader for the stdout of one run. Claude Code's figures are of the conversation, so those of a run that continues one are not used. */
export const claudeReader = (session?: Launch['session']) =>
  messagesReader({ hasEarlierRuns: session !== undefined && session.mode !== 'new' });

/** A prompt to Claude Code, with a stdin that stays open for answers. */
export function claudeDialogue({ prompt, session }: Pick<Launch, 'prompt' | 'session'>): Dialogue {
  const reader = claudeReader(session);
  const message = { role: 'user', content: claudePrompt(prompt) };
  return {
    opening: [JSON.stringify({ type: 'user', message })],
    read: (line) =>
      readTexts(line, (text) => {
        const parsed = readControl(text);
        if (parsed !== undefined) return parsed;
        const items = reader(text);
        return { items, isDone: items.some(({ kind }) => kind === 'result') };
      }),
  };
}
