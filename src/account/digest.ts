import { createHash } from 'node:crypto';
import { providers } from '../../container/providers/index.ts';

/** Longest value, and longest view of all arguments, in characters. */
const VALUE_MAX_CHARS = 80;
/** The beginning of a value that is searched for secrets, and the end of it that may hold a part of one and is not shown, in characters. */
const SEARCHED_CHARS = 4_096;
const UNSURE_CHARS = 64;
const VIEW_MAX_CHARS = 500;

const SECRET_NAME = /token|secret|passw|pwd|api_?key|auth(?!or)|credential|cookie/i;
/** Objects whose every value is hidden, because any name in them may hold a secret. */
const SECRET_HOLDER = /^(env|headers)$/i;
/** Keys of the model services, other tokens, and passwords in URLs, as they look in a text. */
const KEYS = Object.values(providers).map(({ service }) => service.keyPattern);
const TOKENS = /sk-[\w-]{8,}|lcg_\w+|gh[pousr]_\w{16,}|github_pat_\w+|AKIA\w{12,}|eyJ[\w-]{8,}(?:\.[\w-]+)*|Bearer\s{1,8}\S+/;
const PASSWORD = /(?<=:\/\/)[^\s/@]+(?=@)/;
const SECRET_TEXT = new RegExp(`\\b(${[...KEYS, TOKENS].map(({ source }) => source).join('|')})|${PASSWORD.source}`, 'g');
const HIDDEN = '[hidden]';

/** JSON with the keys of every object sorted, so that equal values give equal text. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** SHA-256 in hex over the canonical JSON of a value. */
export const sha256Of = (value: unknown): string => createHash('sha256').update(canonicalJson(value)).digest('hex');

function shorten(text: string): string {
  const found = text.slice(0, SEARCHED_CHARS).replace(SECRET_TEXT, HIDDEN);
  const isCut = text.length > SEARCHED_CHARS;
  const sure = isCut && !found.endsWith(HIDDEN) ? found.slice(0, -UNSURE_CHARS) : found;
  const flat = sure.replace(/\s+/g, ' ').trim().toWellFormed();
  return isCut || flat.length > VALUE_MAX_CHARS ? `${flat.slice(0, VALUE_MAX_CHARS).toWellFormed()}… (${text.length})` : flat;
}

/** Arguments without what looks like a secret, and with short texts. */
export const redactedArgs = (args: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(args).map(([name, value]) => [name, redact(name, value)]));

function redact(name: string, value: unknown): unknown {
  if (SECRET_NAME.test(name)) return HIDDEN;
  if (typeof value === 'string') return shorten(value);
  if (Array.isArray(value)) return value.map((entry) => redact('', entry));
  if (typeof value !== 'object' || value === null) return value;
  const isHolder = SECRET_HOLDER.test(name);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, isHolder ? HIDDEN : redact(key, inner)]));
}

/** The hash of a call's arguments, and a short view of them without what looks like a secret. */
export function digestOfArgs(args: Record<string, unknown>): { hash: string; view: string } {
  const view = JSON.stringify(redactedArgs(args));
  const shown = view.length > VIEW_MAX_CHARS ? `${view.slice(0, VIEW_MAX_CHARS).toWellFormed()}…` : view;
  return { hash: sha256Of(args), view: shown };
}
