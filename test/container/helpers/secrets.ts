import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CallTool, readText } from '../../helpers/mcp-client.ts';

/** Part of every secret, and of nothing else. */
export const MARK = `marker-${randomUUID()}`;

/** No secret: a search that does not find it finds no secret either. */
export const PLANTED = `planted-${randomUUID()}`;

/** Made-up secrets of the Worker that can be searched for. */
export const secrets = () => ({
  ANTHROPIC_API_KEY: `${MARK}-anthropic`,
  CLAUDE_CODE_OAUTH_TOKEN: `${MARK}-claude-oauth`,
  XAI_API_KEY: `${MARK}-xai`,
  GITHUB_CLIENT_SECRET: `${MARK}-github`,
});

function holds(path: string, text: string): boolean {
  try {
    return readFileSync(path).includes(text);
  } catch {
    // It went meanwhile, or belongs to a process that nobody may look into.
    return false;
  }
}

/** The files below a directory that hold a text: logs, databases, whatever is there. */
export function filesWith(directory: string, text: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => holds(path, text));
}

/** The processes of this machine that have a text in their command line or environment. */
export function processesWith(text: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => holds(`/proc/${pid}/cmdline`, text) || holds(`/proc/${pid}/environ`, text));
}

/** All that the tools tell of an account's jobs: state, events, answer and raw output. */
export async function everythingTold(call: CallTool): Promise<string> {
  const { jobs = [] } = await call('llm_job_list', { limit: 100 });
  const told = jobs.map(async ({ id: jobId }) => [
    await call('llm_job_status', { jobId, limit: 1_000 }),
    await readText(call, jobId),
    await readText(call, jobId, 'stdout'),
    await readText(call, jobId, 'stderr'),
  ]);
  return JSON.stringify([jobs, ...(await Promise.all(told))]);
}
