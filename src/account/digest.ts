import { requestKey } from './request-key.ts';

/** Longest value, and longest view of all arguments, in characters. */
const VALUE_CHARS = 80;
const VIEW_CHARS = 500;

const SECRET_NAME = /token|secret|passw|pwd|api_?key|auth(?!or)|credential|cookie/i;
/** What holds values that only their reader knows, whatever their names. */
const SECRET_HOLDER = /^(env|headers)$/i;
/** What looks like a key of the services around, wherever it stands. */
const SECRET_TEXT =
  /\b(sk-[\w-]{8,}|xai-[\w-]{8,}|lcg_\w+|gh[pousr]_\w{16,}|github_pat_\w+|AKIA\w{12,}|eyJ[\w-]{8,}\.[\w-]+\.[\w-]+|Bearer\s+\S+)|(?<=:\/\/)[^\s/@]+(?=@)/g;
const HIDDEN = '[hidden]';

const hideSecrets = (text: string) => text.replace(SECRET_TEXT, HIDDEN);

const short = (text: string) => {
  const flat = hideSecrets(text).replace(/\s+/g, ' ').trim().toWellFormed();
  return flat.length > VALUE_CHARS ? `${flat.slice(0, VALUE_CHARS).toWellFormed()}… (${text.length})` : flat;
};

function plain(name: string, value: unknown): unknown {
  if (SECRET_NAME.test(name)) return HIDDEN;
  if (typeof value === 'string') return short(value);
  if (Array.isArray(value)) return value.map((entry) => plain('', entry));
  if (typeof value !== 'object' || value === null) return value;
  const isHolder = SECRET_HOLDER.test(name);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, isHolder ? HIDDEN : plain(key, inner)]));
}

/** Arguments as they are noted: a hash of all of them, and a short view without what looks like a secret. */
export function digestOf(args: Record<string, unknown>): { hash: string; view: string } {
  const view = JSON.stringify(plain('', args));
  return { hash: requestKey(args), view: view.length > VIEW_CHARS ? `${view.slice(0, VIEW_CHARS).toWellFormed()}…` : view };
}
