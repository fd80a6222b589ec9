import { html } from 'hono/html';
import { VERSION } from '../version.ts';

/** HTML whose inserted values are escaped. */
export type Markup = ReturnType<typeof html>;

export interface Frame {
  title: string;
  content: Markup;
  /** Name of the signed-in person, if any. */
  person: string | undefined;
  /** Path of this page. */
  path: string;
}

const PAGES = {
  '/approvals': 'Approvals',
  '/connections': 'Connections',
  '/tokens': 'Tokens',
  '/credentials': 'Credentials',
  '/policies': 'Policies',
  '/audit': 'Audit',
} as const;

const pageLink = (path: string, name: string, here: string) =>
  html`<a href="${path}"${path === here ? html` aria-current="page"` : ''}>${name}</a>`;

const signedIn = (person: string) => html`<form class="who" method="post" action="/sign-out">
  <span title="Signed in as ${person}">${person}</span><button class="quiet">Sign out</button>
</form>`;

/** A whole page around its content. */
export const frame = ({ title, content, person, path }: Frame): Markup => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · LLM CLI Gateway</title>
<link rel="stylesheet" href="/style.css?${VERSION}">
<link rel="icon" href="data:,">
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header>
  <a class="brand" href="/">LLM CLI Gateway</a>
  ${
    person === undefined
      ? ''
      : html`${signedIn(person)}
  <nav aria-label="Pages">${Object.entries(PAGES).map(([to, name]) => pageLink(to, name, path))}</nav>`
  }
</header>
<main id="main">
<h1>${title}</h1>
${content}
</main>
</body>
</html>
`;
