import { type KnownEnding, messagesEndings, PROMPT_TOO_LONG } from '../endings.ts';

/** Known endings of Grok, the special ones first. Each text was seen in its output or reported by its users. */
export const grokEndings: readonly KnownEnding[] = [
  { code: 'invalid_input', text: /invalid output schema/i },
  ...messagesEndings,
  {
    code: 'usage_limit',
    text: /(?:used all|doesn't have any|out of|insufficient) (?:\w{1,20} ){0,4}(?:credits|quota|funds)|spending limit|(?:quota|credits) (?:is |are )?(?:exceeded|exhausted|used up)/i,
  },
  { code: 'empty_answer', text: /empty response from model/i },
  { code: 'prompt_too_long', text: PROMPT_TOO_LONG },
  { code: 'max_tokens', text: /max_tokens_truncation|truncated by max_tokens/i },
  { code: 'model_not_found', text: /unknown model|\bmodel \S{1,100} (?:is |was )?(?:not found|not available|does not exist)/i },
  { code: 'auth_error', text: /not signed in|^error: unauthorized/im },
  { code: 'api_timeout', text: /model stopped responding|"error_kind": *"idle_timeout"/i },
  { code: 'session_not_found', text: /session \S+ not found|no session found/i },
  { code: 'session_exists', text: /session id \S+ is already in use/i },
  {
    code: 'invalid_input',
    text: /^error: (?:unexpected argument|invalid value|--)|unknown effort level|prompt is empty|must be a valid uuid/im,
  },
  { code: 'upstream_unreachable', text: /error sending request|transport error|connection (?:refused|reset)/i },
];
