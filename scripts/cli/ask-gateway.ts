import { z } from 'zod';
import { Finding, finding } from '../../src/health/finding.ts';

const ANSWER_TIMEOUT_MS = 30_000;

const Alive = z.object({ ok: z.literal(true), version: z.string() });
const Deep = z.object({ findings: z.array(Finding) });

/** What to do about a gateway that is alive but answers its checks with this HTTP status. */
function adviceOn(status: number): string {
  if (status === 401 || status === 403) return 'Set GATEWAY_TOKEN to its gateway token.';
  if (status >= 500) return 'Check its settings and its log.';
  return 'Check the address and any proxy in front of it.';
}

const readJson = async (answer: Response | null): Promise<unknown> => answer?.json().catch(() => null) ?? null;

/** The findings of a running gateway about itself, or null if none answers. */
export async function askGateway(url: URL, token: string): Promise<Finding[] | null> {
  const ask = (path: string, headers = {}) =>
    fetch(new URL(path, url), { headers, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) }).catch(() => null);
  if (!Alive.safeParse(await readJson(await ask('/health'))).success) return null;
  const answer = await ask('/health?deep=1', { authorization: `Bearer ${token}` });
  const deep = Deep.safeParse(await readJson(answer)).data;
  if (deep) return deep.findings;
  const says = answer
    ? `${url.origin} answered HTTP ${answer.status}. ${adviceOn(answer.status)}`
    : `${url.origin} is alive, but its checks took longer than ${ANSWER_TIMEOUT_MS / 1_000} s. See its log.`;
  return [finding('gateway', 'wrong', says)];
}
