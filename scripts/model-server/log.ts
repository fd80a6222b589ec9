import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { type ModelBody, messageCount, offeredTools } from './request.ts';

/** A received request, as GET /__mock/requests lists it. */
export interface Entry {
  n: number;
  t: string;
  method: string | undefined;
  url: string | undefined;
  host: string | undefined;
  auth: string | undefined;
  apiKey: string | string[] | undefined;
  ua: string | undefined;
  bytes: number;
  model?: string | undefined;
  stream?: boolean | undefined;
  tools?: number | undefined;
  messages?: number | undefined;
  scenario?: string;
  arg?: string;
  side?: string | undefined;
  /** Set at the end of the response. `finished` false: the client left first. */
  closedAfterMs?: number;
  finished?: boolean;
}

/** The entry of a request that is not yet answered. */
export function newEntry(n: number, req: IncomingMessage, raw: string, body: ModelBody | undefined): Entry {
  const { host, authorization: auth, 'user-agent': ua, 'x-api-key': apiKey } = req.headers;
  const entry = { n, t: new Date().toISOString(), method: req.method, url: req.url, host, auth, apiKey, ua, bytes: raw.length };
  if (!body) return entry;
  const tools = offeredTools(body).length || undefined;
  return { ...entry, model: body.model, stream: body.stream, tools, messages: messageCount(body) };
}

/** Records in the entry how long the client stayed. */
export function timeResponse(entry: Entry, res: ServerResponse) {
  const started = Date.now();
  res.on('close', () => {
    entry.closedAfterMs = Date.now() - started;
    entry.finished = res.writableFinished;
  });
}

/** Appends the entry to a file of JSON lines. */
export const appendEntry = (file: string | undefined, entry: Entry) => {
  if (file) appendFileSync(file, `${JSON.stringify(entry)}\n`);
};

/** Writes headers and body of a request to a file of its own. */
export function writeBody(
  directory: string | undefined,
  n: number,
  req: IncomingMessage,
  path: string,
  raw: string,
  json: unknown,
) {
  if (!directory) return;
  mkdirSync(directory, { recursive: true });
  const file = `${String(n).padStart(4, '0')}${path.replace(/\W+/g, '_')}.json`;
  const { headers, url, method } = req;
  writeFileSync(join(directory, file), JSON.stringify({ headers, url, method, body: json ?? raw }, null, 1));
}
