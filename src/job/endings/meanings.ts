import type { EndingCode } from '../../../container/providers/endings.ts';

/** What a failure means to its caller. */
interface Meaning {
  /** What happened and what to do. {turns}, {budget} and {schema} stand for the provider's names of these options, {disk} and {memory} for figures. */
  says: string;
  /** Whether the same request may succeed later. */
  isRetryable: boolean;
  /** The service may say when it accepts requests again, and the failure is retryable if it does. */
  hasRetryTime?: true;
}

const permanent = (says: string): Meaning => ({ says, isRetryable: false });
const passing = (says: string): Meaning => ({ says, isRetryable: true });
const timed = (meaning: Meaning): Meaning => ({ ...meaning, hasRetryTime: true });

/** Every known ending of a run that failed, by its code. */
export const MEANINGS: Record<EndingCode | 'provider_error' | 'no_result' | 'permission_required', Meaning> = {
  max_turns: permanent('The run used up its turns. Raise {turns}, or continue with the session.'),
  budget_exceeded: permanent('The run spent its budget. Raise {budget}, or continue with the session.'),
  structured_output_failed: permanent('The answer does not match {schema}. Its text is kept: read it with llm_job_result.'),
  max_tokens: permanent('The model reached its limit of output tokens. Ask for a shorter answer, or continue with the session.'),
  prompt_too_long: permanent("The request does not fit into the model's context. Send less, or start a new session."),
  refused: permanent('The model refused the request. Change the prompt.'),
  hook_refused: permanent('A hook of the workspace refused the prompt. Change the prompt, or leave out settingSources.'),
  invalid_input: permanent('The CLI rejected an option. Correct it and send the request again.'),
  model_not_found: permanent('Unknown model, or the key may not use it. list_models lists known ones.'),
  session_not_found: permanent('The CLI does not know the session. Start a new one, or use the sessionId of an earlier job.'),
  session_exists: permanent('The session exists already. Leave out createNewSession, or use another id.'),
  auth_error: permanent('The model service refused the key, or the key may not use this model. The operator has to check it.'),
  usage_limit: timed(permanent('The account at the model service has used up its quota or credit.')),
  rate_limited: timed(passing('The model service limits the rate.')),
  overloaded: timed(passing('The model service is overloaded.')),
  api_rejected: permanent('The model service rejected the request.'),
  api_error: timed(passing('The model service failed.')),
  api_timeout: passing('The model service did not answer in time.'),
  upstream_unreachable: passing('The model service could not be reached.'),
  out_of_memory: permanent('The run ran out of memory{memory}. Give it less to do at once, or more memory.'),
  disk_full: permanent("The executor's disk is full{disk}. The operator has to free space."),
  permission_required: permanent('The run stopped because a tool call was not permitted.'),
  empty_answer: passing('The model ended with an empty answer.'),
  no_result: passing('The CLI ended without a result.'),
  provider_error: passing('The CLI reported an error.'),
};

/** Codes by the HTTP status of the model service. */
const BY_STATUS: Record<number, EndingCode> = {
  401: 'auth_error',
  402: 'usage_limit',
  403: 'auth_error',
  404: 'model_not_found',
  408: 'api_timeout',
  413: 'prompt_too_long',
  429: 'rate_limited',
  504: 'api_timeout',
  529: 'overloaded',
};

/** The code of a failed model call. A rejected request would be rejected again, while a service that failed may recover. */
export const codeOfStatus = (status: number): EndingCode => BY_STATUS[status] ?? (status < 500 ? 'api_rejected' : 'api_error');
