/** A page in a browser without scripts. */
export interface Page {
  url: string;
  status: number;
  html: string;
  headers: Headers;
}

type Fields = Record<string, string | string[]>;

const MAX_REDIRECTS = 10;
const REDIRECTS = [301, 302, 303, 307, 308];

const ENTITIES: Record<string, string> = { '&quot;': '"', '&#39;': "'", '&lt;': '<', '&gt;': '>', '&amp;': '&' };
const decode = (text: string) => text.replace(/&(quot|#39|lt|gt|amp);/g, (entity) => ENTITIES[entity] ?? entity);
const attribute = (tag: string, name: string) => decode(new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? '');

/** The fields that an unchanged form sends. */
function fieldsOf(form: string): [name: string, value: string][] {
  return [...form.matchAll(/<input\b[^>]*>/g)]
    .map(([tag]) => tag)
    .filter((tag) => !tag.includes('type="checkbox"') || tag.includes(' checked'))
    .map((tag) => [attribute(tag, 'name'), attribute(tag, 'value')]);
}

/** A browser without scripts: keeps cookies, follows redirects within the site and posts forms. */
export function browser(send: (url: string, init: RequestInit) => Promise<Response>) {
  const jar = new Map<string, string>();

  function keep(response: Response) {
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (/max-age=0/i.test(cookie)) jar.delete(name);
      else jar.set(name, value);
    }
  }

  /** Opens a URL and follows redirects. Returns an empty page for a redirect to another origin. */
  async function go(url: string, init: RequestInit = {}, left = MAX_REDIRECTS): Promise<Page> {
    const headers = new Headers({ accept: 'text/html', ...Object.fromEntries(new Headers(init.headers)) });
    if (jar.size > 0) headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '));
    const response = await send(url, { ...init, headers, redirect: 'manual' });
    keep(response);
    const location = response.headers.get('location');
    if (location === null || !REDIRECTS.includes(response.status))
      return { url, status: response.status, html: await response.text(), headers: response.headers };
    const next = new URL(location, url);
    if (next.origin !== new URL(url).origin || left === 0)
      return { url: next.href, status: response.status, html: '', headers: response.headers };
    return go(next.href, {}, left - 1);
  }

  /** Posts a page's form to `action`, with its fields replaced by those of `change`. */
  async function submit(page: Page, action: string, change: Fields = {}): Promise<Page> {
    const forms = [...page.html.matchAll(/<form\b[\s\S]*?<\/form>/g)].map(([form]) => form);
    const form = forms.find((candidate) => attribute(candidate, 'action') === action);
    if (!form) throw new Error(`No form for ${action} on ${page.url}: ${page.html.slice(0, 2_000)}`);
    const kept = fieldsOf(form).filter(([name]) => change[name] === undefined);
    const body = new URLSearchParams(kept);
    for (const [name, values] of Object.entries(change)) for (const value of [values].flat()) body.append(name, value);
    const { origin } = new URL(page.url);
    const headers = { origin, 'content-type': 'application/x-www-form-urlencoded' };
    return go(new URL(action, page.url).href, { method: 'POST', body: body.toString(), headers });
  }

  return { go, submit, jar };
}
export type Browser = ReturnType<typeof browser>;
