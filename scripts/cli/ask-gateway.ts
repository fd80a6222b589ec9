import { z } from 'zod';
import type { Finding } from '../../src/health/finding.ts';

const ANSWER_MS = 30_000;

const Alive = z.object({ ok: z.literal(true), version: z.string() });
const Deep = z.object({
  findings: z.array(z.object({ check: z.string(), state: z.enum(['ok', 'note', 'wrong']), says: z.string() })),
});

/** What to do where a gateway that lives answers something else than what it found. */
function adviceOn(status: number): string {
  if (status === 401 || status === 403) return "Set GATEWAY_TOKEN to its owner's token.";
  if (status >= 500) return 'Check its settings, and look into its log.';
  return 'Check the address, and what stands before it.';
}

const readJson = async (answer: Response | null): Promise<unknown> => answer?.json().catch(() => null) ?? null;

/** What a running gateway says of itself; null where none answers. */
export async function askGateway(url: URL, token: string): Promise<Finding[] | null> {
  const ask = (path: string, headers = {}) =>
    fetch(new URL(path, url), { headers, signal: AbortSignal.timeout(ANSWER_MS) }).catch(() => null);
  if (!Alive.safeParse(await readJson(await ask('/health'))).success) return null;
  const answer = await ask('/health?deep=1', { authorization: `Bearer ${token}` });
  const deep = Deep.safeParse(await readJson(answer)).data;
  if (deep) return deep.findings;
  const says = answer
    ? `${url.origin} answered HTTP ${answer.status}. ${adviceOn(answer.status)}`
    : `${url.origin} lives, but did not say within ${ANSWER_MS / 1_000} s what it found. Look into its log.`;
  return [{ check: 'gateway', state: 'wrong', says }];
}
