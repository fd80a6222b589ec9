import { providers } from '../../../container/providers/index.ts';
import { optionsThatPermit } from '../../../container/providers/may.ts';
import { valueInRole } from '../../../container/providers/option.ts';
import { isOver } from '../machine.ts';
import type { JobRow } from '../store.ts';

/** Longest prompt, and longest option as JSON, that is repeated, in UTF-16 units. The conversation has the rest. */
const MAX_PROMPT_CHARS = 2_000;
const MAX_OPTION_CHARS = 500;

/** What of a job decides. */
interface DeniedRow {
  spec: Pick<JobRow['spec'], 'provider' | 'options' | 'workspace' | 'workingDir'>;
  progress: JobRow['progress'];
  state: JobRow['state'];
}

const CONTINUE = 'Continue with the task. Calls that were denied before are permitted now.';

/** Arguments, as JSON, of the request that continues a job with permission for its denied calls, or undefined if there is none. */
export function permittingRequest({ spec, progress, state }: DeniedRow, readPrompt: () => string): string | undefined {
  const provider = providers[spec.provider];
  const denied = progress.denials.map(({ tool }) => tool);
  if (!provider?.permissions || denied.length === 0 || !isOver(state)) return undefined;
  const options = optionsThatPermit(provider.permissions, spec.options, denied);
  if (options === undefined || provider.conflicts(options).length > 0) return undefined;
  const isKept = valueInRole(provider, 'ephemeral', spec.options) !== true;
  const prompt = readPrompt();
  const isShort = prompt.length <= MAX_PROMPT_CHARS;
  const { sessionId } = progress;
  if (!isShort && (!isKept || sessionId === undefined)) return undefined;
  const short = Object.entries(options).filter(([, value]) => JSON.stringify(value).length <= MAX_OPTION_CHARS);
  const { workspace, workingDir } = spec;
  return JSON.stringify({
    prompt: isShort ? prompt : CONTINUE,
    ...(isKept && sessionId !== undefined ? { sessionId } : { workspace, workingDir }),
    ...Object.fromEntries(short),
  });
}
