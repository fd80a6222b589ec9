import { Client, type ClientOptions, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Envelope } from '../../src/mcp/result/envelope.ts';

/** Longest call, in ms: longer than any wait that tests request. */
const CALL_MAX_MS = 100_000;
const PAGE_CHARS = 120_000;

interface ClientSetup {
  name?: string;
  /** Revision of the protocol; by default the newest one of the gateway. */
  mode?: NonNullable<ClientOptions['versionNegotiation']>['mode'];
  fetch?: (url: string | URL, init?: RequestInit) => Promise<Response>;
  /** Answers forms in the person's place; undefined cancels a form. Without it, the client declares no forms. */
  onForm?: (message: string) => Record<string, string | boolean> | undefined;
}

interface CallSetup {
  signal?: AbortSignal;
  onprogress?: (message: string) => void;
}

/** Connects the SDK's client to a gateway with a bearer token. A tool's result must fit the envelope. */
export async function connect(url: string, token: string, { name = 'test', mode = 'auto', fetch, onForm }: ClientSetup = {}) {
  const capabilities = onForm ? { elicitation: { form: {} } } : {};
  const client = new Client({ name, version: '1' }, { versionNegotiation: { mode }, capabilities });
  if (onForm)
    client.setRequestHandler('elicitation/create', async ({ params }) => {
      const content = onForm(params.message);
      return content ? { action: 'accept', content } : { action: 'cancel' };
    });
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit, ...(fetch && { fetch }) }));
  /** Rejects if the call received no answer. */
  const call = async (tool: string, args: Record<string, unknown>, { signal, onprogress }: CallSetup = {}) => {
    const progress = onprogress && { onprogress: ({ message = '' }) => onprogress(message) };
    const options = { timeout: CALL_MAX_MS, ...(signal && { signal }), ...progress };
    const result = await client.callTool({ name: tool, arguments: args }, options);
    return { ...Envelope.parse(result.structuredContent), isError: result.isError, content: result.content };
  };
  return { client, call, close: () => client.close() };
}

export type McpClient = Awaited<ReturnType<typeof connect>>;
export type CallTool = (tool: string, args: Record<string, unknown>, setup?: CallSetup) => Promise<Envelope>;

/** Waits for the end of a job and returns it. */
export async function jobEnd(call: CallTool, jobId: string) {
  for (let afterSeq = 0; ; ) {
    const { job, nextAfterSeq = 0, error } = await call('llm_job_watch', { jobId, afterSeq, limit: 1_000, until: 'event' });
    if (error) throw new Error(error.message);
    if (job?.finishedAt !== undefined) return job;
    afterSeq = nextAfterSeq;
  }
}

/** Waits for the end of a job and collects its answer. */
export async function collect(call: CallTool, jobId: string) {
  await jobEnd(call, jobId);
  return call('llm_job_result', { jobId });
}

/** Reads a text of a job, page by page: its answer, or its CLI's raw output. */
export async function readText(call: CallTool, jobId: string, raw?: 'stdout' | 'stderr'): Promise<string> {
  let text = '';
  for (let offset: number | null = 0; offset !== null; ) {
    const { answer } = await call('llm_job_result', { jobId, offset, maxChars: PAGE_CHARS, ...(raw && { raw }) });
    text += answer?.text ?? '';
    offset = answer?.nextOffset ?? null;
  }
  return text;
}
