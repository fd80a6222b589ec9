import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Envelope } from '../../src/mcp/envelope.ts';

/** Longest call, in ms: longer than any wait that tests ask for. */
const CALL_MS = 90_000;
const PAGE_CHARS = 120_000;

/** Calls the tools of a gateway over MCP. */
export interface Caller {
  /** Rejects where the call never got an answer. */
  call: (tool: string, args: Record<string, unknown>, signal?: AbortSignal) => Promise<Envelope>;
  close: () => Promise<void>;
}

export async function connect(url: string, token: string): Promise<Caller> {
  const client = new Client({ name: 'rig', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
  return {
    call: async (name, args, signal) => {
      const result = await client.callTool({ name, arguments: args }, { timeout: CALL_MS, ...(signal && { signal }) });
      return Envelope.parse(result.structuredContent);
    },
    close: () => client.close(),
  };
}

/** A whole text of a job, page by page: its answer, or what its CLI wrote. */
export async function readText(call: Caller['call'], jobId: string, raw?: 'stdout' | 'stderr'): Promise<string> {
  let text = '';
  for (let offset: number | null = 0; offset !== null; ) {
    const { answer } = await call('llm_job_result', { jobId, offset, maxChars: PAGE_CHARS, ...(raw && { raw }) });
    text += answer?.text ?? '';
    offset = answer?.nextOffset ?? null;
  }
  return text;
}
