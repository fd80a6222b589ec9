/** The gateway's MCP URL, and its token or a placeholder. */
export interface Endpoint {
  url: string;
  token: string;
}

/** An MCP client, and how its user connects it. */
export interface ClientGuide {
  title: string;
  /** Returns lines to follow or to copy. */
  guide: (endpoint: Endpoint) => string[];
}

const NAME = 'gateway';
const MCP_REMOTE = 'mcp-remote@0.15.1';

const bearer = ({ token }: Endpoint) => `Bearer ${token}`;
const json = (value: unknown) => JSON.stringify(value, null, 2).split('\n');
const quoted = (argument: string) => (/^[\w@%+=:,./-]+$/.test(argument) ? argument : `"${argument}"`);

/** Arguments of `claude` that add the gateway with its token. */
export const claudeArguments = (endpoint: Endpoint) =>
  ['mcp', 'add', '--transport', 'http', NAME, endpoint.url, '--header', `Authorization: ${bearer(endpoint)}`] as const;

/** Arguments of mcp-remote. Its environment holds the token, because some clients split arguments at blanks. */
export const remoteArguments = ({ url }: Endpoint) => [
  url,
  ...(url.startsWith('http:') ? ['--allow-http'] : []),
  ...['--transport', 'http-only', '--header'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: mcp-remote fills it in
  'Authorization:${AUTHORIZATION}',
];

const stdioServer = (endpoint: Endpoint) => ({
  command: 'npx',
  args: ['-y', MCP_REMOTE, ...remoteArguments(endpoint)],
  env: { AUTHORIZATION: bearer(endpoint) },
});

const isPublic = ({ url }: Endpoint) => url.startsWith('https:');

function connector(steps: string): ClientGuide['guide'] {
  return (endpoint) => [
    `${steps} ${endpoint.url}`,
    'Sign in on the page that opens and choose what to allow. Leave client id and secret empty.',
    ...(isPublic(endpoint)
      ? []
      : ['This client connects from the cloud: deploy the gateway and give its https address with --url.']),
  ];
}

/** The known clients. */
export const CLIENTS: Record<string, ClientGuide> = {
  'claude.ai': {
    title: 'Claude on the web and on phones',
    guide: connector('Settings, Connectors, Add custom connector. Remote MCP server URL:'),
  },
  'claude-code': {
    title: 'Claude Code',
    guide: (endpoint) => [
      'With a token:',
      `  claude ${claudeArguments(endpoint).map(quoted).join(' ')}`,
      'Or with sign-in, then /mcp in a session:',
      `  claude mcp add --transport http ${NAME} ${endpoint.url}`,
    ],
  },
  'claude-desktop': {
    title: 'Claude Desktop',
    guide: (endpoint) =>
      isPublic(endpoint)
        ? connector('Settings, Connectors, Add custom connector. Remote MCP server URL:')(endpoint)
        : [
            'Settings, Developer, Edit Config: claude_desktop_config.json',
            ...json({ mcpServers: { [NAME]: stdioServer(endpoint) } }),
          ],
  },
  cursor: {
    title: 'Cursor',
    guide: (endpoint) => [
      '~/.cursor/mcp.json (omit headers to sign in instead)',
      ...json({ mcpServers: { [NAME]: { url: endpoint.url, headers: { Authorization: bearer(endpoint) } } } }),
    ],
  },
  vscode: {
    title: 'VS Code',
    guide: (endpoint) => [
      '.vscode/mcp.json (omit headers to sign in instead)',
      ...json({ servers: { [NAME]: { type: 'http', url: endpoint.url, headers: { Authorization: bearer(endpoint) } } } }),
    ],
  },
  chatgpt: {
    title: 'ChatGPT',
    guide: connector(
      'Settings, Apps & Connectors, Advanced, Developer mode; then Create, Authentication: OAuth. MCP Server URL:',
    ),
  },
  'mcp-remote': {
    title: 'Any client that starts stdio servers',
    guide: (endpoint) => ['The configuration of the client:', ...json({ mcpServers: { [NAME]: stdioServer(endpoint) } })],
  },
};

/** Clients that `test/clis/clients.test.ts` runs, with the npm package that brings each. */
export const TESTED_CLIENTS = [
  {
    title: 'Claude Code',
    package: '@anthropic-ai/claude-code-linux-x64',
    protocol: '2026-07-28',
    calls: '`claude mcp add`, `mcp list`; a call in print mode; a task in a terminal',
  },
  { title: 'Grok CLI', package: '@xai-official/grok-linux-x64', protocol: '2026-07-28', calls: '`grok mcp doctor`' },
  { title: 'MCP Inspector', package: '@modelcontextprotocol/inspector', protocol: '2025-11-25', calls: '`--cli`: list, call' },
  { title: 'mcp-remote', package: 'mcp-remote', protocol: '2025-11-25', calls: 'call through stdio' },
  { title: 'TypeScript SDK client', package: '@modelcontextprotocol/client', protocol: 'both', calls: 'call' },
  { title: 'TypeScript SDK', package: '@modelcontextprotocol/sdk', protocol: '2025-11-25', calls: 'list, call' },
] as const;
