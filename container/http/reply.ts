import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { messageOf, Refusal } from '../errors.ts';
import { type DiskFigures, EXECUTOR_ERRORS, type ExecutorError } from '../protocol.ts';
import { diskFigures } from '../state/disk.ts';

/** An HTTP response before it is written. */
export interface Reply {
  status: number;
  type: 'application/json' | 'application/x-ndjson';
  body: Buffer;
}

/** Builds a response of one JSON value. */
export function jsonReply(status: number, value: unknown): Reply {
  return { status, type: 'application/json', body: Buffer.from(JSON.stringify(value)) };
}

/** Writes a response. Closes the connection if the request's body was not read. */
export function sendReply(request: IncomingMessage, response: ServerResponse, { status, type, body }: Reply): void {
  if (!request.complete) response.setHeader('connection', 'close');
  response.writeHead(status, { 'content-type': type, 'content-length': body.length, 'cache-control': 'no-store' });
  response.end(body);
}

/** Converts an error to a response. Only refusals disclose their message to the caller. */
export async function errorReply(error: unknown, stateDirectory: string): Promise<Reply> {
  const full = await diskFigures(error, stateDirectory);
  if (full) return errorReply(new Refusal('disk_full', diskFullMessage(full)), stateDirectory);
  if (error instanceof Refusal) return jsonReply(EXECUTOR_ERRORS[error.code], errorBody(error.code, error.message));
  console.error(error instanceof Error ? error.stack : messageOf(error));
  return jsonReply(EXECUTOR_ERRORS.internal, errorBody('internal', 'The executor failed. Its log has the details.'));
}

const diskFullMessage = ({ freeBytes, path }: DiskFigures) =>
  `The executor's disk is full (${freeBytes} bytes free; ${path} could not be written).`;

/** Answers bytes that are not a valid HTTP request. */
export function refuseMalformed(error: Error, socket: Duplex): void {
  if (!socket.writable) return void socket.destroy();
  const body = JSON.stringify(errorBody('bad_request', `Not a valid HTTP request: ${error.message}`));
  const head = 'HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: application/json\r\n';
  socket.end(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

/** Throws a refusal for a request without the token. The comparison takes constant time. */
export function checkToken(request: IncomingMessage, token: string): void {
  const given = sha256(request.headers.authorization ?? '');
  if (!timingSafeEqual(given, sha256(`Bearer ${token}`)))
    throw new Refusal('unauthorized', 'Missing or wrong executor token. Send it as "authorization: Bearer …".');
}

/** Reads a request's body as JSON. Throws a refusal as soon as it exceeds `maxBytes`. */
export async function readJsonBody(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  const tooLarge = () => new Refusal('too_large', `The body is too large (limit ${maxBytes} bytes).`);
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
    throw new Refusal('bad_request', `The body is not valid JSON: ${messageOf(error)}`);
  }
}

function errorBody(code: ExecutorError['code'], message: string): ExecutorError {
  return { code, message };
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
