import { fail, ok, type Result } from '../../errors.ts';

/** Keys that the JSON of a request may have, because each costs far more to read than its bytes. */
export const MAX_KEYS = 20_000;
/** A key has at least this many bytes of JSON. */
const MIN_KEY_BYTES = 4;

/** Keys in a JSON text. A quote in a string is escaped. */
function keysIn(json: string): number {
  let keys = 0;
  for (let at = json.indexOf('":'); at >= 0; at = json.indexOf('":', at + 2)) if (json[at - 1] !== '\\') keys += 1;
  return keys;
}

/** The request with its body unread, or its refusal for too many keys. A small body is not looked at. */
export async function limitKeys(request: Request): Promise<Result<Request>> {
  if (Number(request.headers.get('content-length') ?? Number.POSITIVE_INFINITY) < MAX_KEYS * MIN_KEY_BYTES) return ok(request);
  const body = await request.text();
  const keys = keysIn(body);
  if (keys > MAX_KEYS) return fail({ code: 'invalid_input', issues: [`The request has ${keys} keys, limit ${MAX_KEYS}.`] });
  return ok(new Request(request, { body }));
}
