import { type KnownEnding, messagesEndings, PROMPT_TOO_LONG } from '../endings.ts';

/** Known endings of Claude Code, the special ones first. Each text was seen in its output or reported by its users. */
export const claudeEndings: readonly KnownEnding[] = [
  ...messagesEndings,
  {
    code: 'usage_limit',
    text: /(?<!rate )limit reached\b|\bhit your (?:[\w-]{1,20} ){0,4}limit\b|credit balance is too low|out of (?:extra )?(?:usage|credits)\b/i,
  },
  {
    code: 'prompt_too_long',
    names: ['blocking_limit', 'prompt_too_long', 'model_context_window_exceeded'],
    text: new RegExp(`${PROMPT_TOO_LONG.source}|piped stdin input exceeds`, 'i'),
  },
  { code: 'max_tokens', text: /exceeded the \d+ output token maximum/i },
  { code: 'hook_refused', text: /^(?:\w+ )?operation (?:blocked|stopped) by (?:\w+ )?hook/i },
  { code: 'model_not_found', text: /issue with the selected model/i },
  { code: 'auth_error', text: /not logged in|invalid api key|failed to authenticate|token has (?:expired|been revoked)/i },
  { code: 'upstream_unreachable', names: ['connection_failed'], text: /API Error: (?:Connection|Unable to connect)/i },
  { code: 'api_timeout', text: /request timed out/i },
  { code: 'session_not_found', text: /no conversation found/i },
  { code: 'session_exists', text: /session id \S+ is already in use/i },
  {
    code: 'invalid_input',
    text: /^error: (?:unknown |option |invalid session id|input must be)|^(?:error: )?--[\w-]+ |no schema with key or ref/im,
  },
];
