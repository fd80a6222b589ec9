import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CallTool, readText } from '../../helpers/mcp-client.ts';

/** A text that every secret contains, and nothing else. */
export const MARK = `marker-${randomUUID()}`;

/** A text that is not secret. A search that misses it would miss secrets too. */
export const PLANTED = `planted-${randomUUID()}`;

/** Made-up secrets of the Worker, all with the marker. */
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
    // Removed meanwhile, or a process of another user.
    return false;
  }
}

/** Lists the files below a directory that contain a text. */
export function filesWith(directory: string, text: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => holds(path, text));
}

/** Lists the processes of this machine with a text in their command line or environment. */
export function processesWith(text: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => holds(`/proc/${pid}/cmdline`, text) || holds(`/proc/${pid}/environ`, text));
}

/** Reads everything that the tools return of an account's jobs: state, events, answer and raw output. */
export async function readEverything(call: CallTool): Promise<string> {
  const { jobs = [] } = await call('llm_job_list', { limit: 100 });
  const read = jobs.map(async ({ id: jobId }) => [
    await call('llm_job_status', { jobId, limit: 1_000 }),
    await readText(call, jobId),
    await readText(call, jobId, 'stdout'),
    await readText(call, jobId, 'stderr'),
  ]);
  return JSON.stringify([jobs, ...(await Promise.all(read))]);
}
