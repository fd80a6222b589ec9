import { html } from 'hono/html';
import { providerTitles } from '../../../container/providers/index.ts';
import { isLoopback } from '../../auth/resource.ts';
import type { Markup } from '../../html/frame.ts';

const CLOUD_APPS = html`<p>Claude.ai and Claude Desktop: Settings, Connectors, Add custom connector, and paste the address. ChatGPT, Cursor,
VS Code and other apps have a similar setting. You then sign in here and decide what the app may do.</p>`;

/** Apps on this machine only: those that connect from the cloud do not reach a loopback address. */
const LOCAL_APPS = html`<p>Only apps on this machine reach this address: Claude Code, Cursor, VS Code and other apps with a setting for MCP
servers. <code>npm run connect</code> prints what each one needs. Apps in the cloud need a deployed gateway: <code>npm run deploy</code>.</p>`;

/** What the gateway is and how to connect to it. `url` is the MCP endpoint. */
export const homePage = (
  url: string,
): Markup => html`<p>A remote MCP server that runs ${providerTitles()} for you. Each request is a durable
job: it continues when you disconnect, reports its progress and cost, and never runs twice.</p>
<section class="card" aria-labelledby="connect">
<h2 id="connect">Connect</h2>
<p>The address of this server:</p>
<code class="secret" tabindex="0" aria-label="Address of the server">${url}</code>
${isLoopback(new URL(url)) ? LOCAL_APPS : CLOUD_APPS}
<p>Claude Code:</p>
<pre tabindex="0"><code>claude mcp add --transport http gateway ${url}</code></pre>
<p>Scripts and CI send <code>Authorization: Bearer</code> with an <a href="/tokens">API token</a>.</p>
</section>
<p><a class="button" href="/connections">Manage connections and tokens</a></p>`;
