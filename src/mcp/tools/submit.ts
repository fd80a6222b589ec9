import type { Provider } from '../../../container/providers/provider.ts';
import { sha256Of } from '../../account/digest.ts';
import type { Submitted } from '../../account/submit.ts';
import type { ToolCall } from '../../account/tool-call.ts';
import type { Config } from '../../config.ts';
import { fail, type Result } from '../../errors.ts';
import { keySettings, operatorKey, payingKey } from '../../gate/upstreams.ts';
import { type Call, ownAccount } from '../call.ts';
import { type Request, readRequest } from './request-input.ts';

/** Characters of a prompt that lists show. */
const MAX_LABEL_CHARS = 80;

/** Whether accounts can store keys, and theirs are used. */
const canStoreKeys = ({ providerKeys, credentialsSecret }: Config) =>
  providerKeys !== 'operator' && credentialsSecret !== undefined;

/** What two identical requests have in common: their grant, and everything that the CLI receives. */
const identityOf = (call: Call, provider: Provider, { prompt, options, common }: Request, isLatest: unknown) => {
  const { sessionId, createNewSession, forkSession, workspace, workingDir } = common;
  return [
    call.caller.grant,
    provider.id,
    prompt,
    options,
    { sessionId, createNewSession, forkSession, isLatest, workspace, workingDir },
  ];
};

/** Submits a checked input to the account, which makes the job or finds that of an identical request. */
export async function submit(
  provider: Provider,
  input: Record<string, unknown>,
  call: Call,
  asked: ToolCall,
): Promise<Result<Submitted>> {
  const { limits } = call.config;
  const { env, config, caller, origin } = call;
  if (!operatorKey(provider, config, caller.account) && !(await payingKey(env, config, caller.account, provider))) {
    const page = canStoreKeys(config) ? `${origin}/credentials` : undefined;
    return fail({ code: 'provider_unavailable', provider: provider.title, settings: keySettings(provider), page });
  }
  const read = readRequest(provider, input, limits);
  if (!read.ok) return read;
  const { prompt, session, options, common } = read.value;
  const { idleTimeoutMs = limits.idleTimeoutMs, runTimeoutMs = limits.runTimeoutMs } = common;
  const { outputCapBytes, outputTailBytes, cancelGraceMs, resultGraceMs, mcpConnectMs } = limits;
  return ownAccount(call).submit({
    call: asked,
    spec: {
      id: `job_${crypto.randomUUID().replaceAll('-', '')}`,
      account: call.caller.account,
      provider: provider.id,
      prompt,
      options,
      session,
      workspace: common.workspace,
      workingDir: common.workingDir,
      limits: { idleTimeoutMs, runTimeoutMs, outputCapBytes, outputTailBytes, cancelGraceMs, resultGraceMs, mcpConnectMs },
      correlationId: common.correlationId,
      title: common.title,
    },
    runToken: crypto.randomUUID() + crypto.randomUUID(),
    requestKey: sha256Of(identityOf(call, provider, read.value, input[provider.latestParameter])),
    idempotencyKey: common.idempotencyKey,
    forceRefresh: common.forceRefresh ?? false,
    reuseCompleted: common.reuseCompleted ?? false,
    label: prompt.replace(/\s+/g, ' ').slice(0, MAX_LABEL_CHARS).toWellFormed(),
  });
}
