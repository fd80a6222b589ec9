import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { messageOf, Refusal } from '../errors.ts';
import { EXECUTOR_ERRORS, type ExecutorError } from '../protocol.ts';

/** An answer before it is written. */
export interface Reply {
  status: number;
  type: 'application/json' | 'application/x-ndjson';
  body: Buffer;
}

/** An answer of one JSON value. */
export function json(status: number, value: unknown): Reply {
  return { status, type: 'application/json', body: Buffer.from(JSON.stringify(value)) };
}

/** Writes an answer; one to a request whose body was not read closes the connection. */
export function send(request: IncomingMessage, response: ServerResponse, { status, type, body }: Reply): void {
  if (!request.complete) response.setHeader('connection', 'close');
  response.writeHead(status, { 'content-type': type, 'content-length': body.length, 'cache-control': 'no-store' });
  response.end(body);
}

/** The answer to a failure. Only refusals tell the caller more than that it was one. */
export function errorReply(error: unknown): Reply {
  if (error instanceof Refusal) return json(EXECUTOR_ERRORS[error.code], describe(error.code, error.message));
  console.error(error instanceof Error ? error.stack : messageOf(error));
  return json(EXECUTOR_ERRORS.internal, describe('internal', 'The executor failed: its log says why.'));
}

/** Answers what could not be read as an HTTP request. */
export function refuseMalformed(error: Error, socket: Duplex): void {
  if (!socket.writable) return void socket.destroy();
  const body = JSON.stringify(describe('bad_request', `This is no HTTP request: ${error.message}`));
  const head = 'HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: application/json\r\n';
  socket.end(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

/** Refuses a request without the token; the time it takes says nothing about the token. */
export function checkToken(request: IncomingMessage, token: string): void {
  const given = digest(request.headers.authorization ?? '');
  if (!timingSafeEqual(given, digest(`Bearer ${token}`)))
    throw new Refusal('unauthorized', 'Send the executor token as: authorization: Bearer …');
}

/** A request's body as JSON; refused as soon as it is longer than `maxBytes`. */
export async function readJsonBody(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  const tooLarge = () => new Refusal('too_large', `The body is larger than ${maxBytes} bytes.`);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  const text = await new Promise<string>((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) reject(tooLarge());
      else chunks.push(chunk);
    });
    request.once('end', () => resolve(Buffer.concat(chunks).toString()));
    request.once('error', () => reject(new Refusal('bad_request', 'The body ended early.')));
  });
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refusal('bad_request', `The body is no JSON: ${messageOf(error)}`);
  }
}

function describe(code: ExecutorError['code'], message: string): ExecutorError {
  return { code, message };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
