/** Codes of failed runs that a CLI's own words or the answer of its model service decide. src/job/endings/meanings.ts has what each means. */
export type EndingCode =
  | 'max_turns'
  | 'budget_exceeded'
  | 'structured_output_failed'
  | 'empty_answer'
  | 'max_tokens'
  | 'prompt_too_long'
  | 'refused'
  | 'hook_refused'
  | 'invalid_input'
  | 'model_not_found'
  | 'session_not_found'
  | 'session_exists'
  | 'auth_error'
  | 'usage_limit'
  | 'rate_limited'
  | 'overloaded'
  | 'api_rejected'
  | 'api_error'
  | 'api_timeout'
  | 'upstream_unreachable'
  | 'out_of_memory'
  | 'disk_full';

/** A known ending of a CLI: one of its signs is enough. */
export interface KnownEnding {
  code: EndingCode;
  /** Values of the result's subtype, terminal reason, stop reason or API error. */
  names?: readonly string[];
  /** Matches what the CLI wrote: its error, or its output if it ended without a result. */
  text?: RegExp;
}

/** Endings of every CLI that prints result lines, whose names Grok takes from Claude Code. */
export const messagesEndings: readonly KnownEnding[] = [
  { code: 'max_turns', names: ['error_max_turns', 'max_turns'], text: /^Error: max turns reached/im },
  { code: 'budget_exceeded', names: ['error_max_budget_usd', 'budget_exhausted'] },
  { code: 'structured_output_failed', names: ['error_max_structured_output_retries'] },
  { code: 'refused', names: ['refusal'] },
  { code: 'max_tokens', names: ['max_tokens', 'max_output_tokens'] },
];

/** Endings of any program. */
export const systemEndings: readonly KnownEnding[] = [
  {
    code: 'out_of_memory',
    text: /heap out of memory|\bENOMEM\b|\bout of memory\b|cannot allocate memory|memory allocation of \d+ bytes failed/i,
  },
  { code: 'disk_full', text: /\bENOSPC\b|\bEDQUOT\b|no space left on device|disk quota exceeded/i },
];

/** How model services say that a prompt does not fit. */
export const PROMPT_TOO_LONG =
  /(?:prompt|input|request|conversation) (?:is|was) too (?:long|large)|context[ _](?:window|length)|maximum (?:prompt|input|context) length|too many (?:input |prompt )?tokens/i;
