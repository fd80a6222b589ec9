/** Where a client connects. The token is the gateway's, or a placeholder. */
export interface Place {
  url: string;
  token: string;
}

/** A program that speaks MCP, and what its user does to connect it. */
export interface ClientGuide {
  title: string;
  /** Lines to follow or to copy. */
  guide: (place: Place) => string[];
}

const NAME = 'gateway';
const MCP_REMOTE = 'mcp-remote@0.15.1';

const bearer = ({ token }: Place) => `Bearer ${token}`;
const json = (value: unknown) => JSON.stringify(value, null, 2).split('\n');
const quoted = (argument: string) => (/^[\w@%+=:,./-]+$/.test(argument) ? argument : `"${argument}"`);

/** Arguments of `claude` that add the gateway with a token. */
export const claudeArguments = (place: Place) =>
  ['mcp', 'add', '--transport', 'http', NAME, place.url, '--header', `Authorization: ${bearer(place)}`] as const;

/** Arguments of mcp-remote; the token comes from its environment, because some clients split arguments at blanks. */
export const remoteArguments = ({ url }: Place) => [
  url,
  ...(url.startsWith('http:') ? ['--allow-http'] : []),
  ...['--transport', 'http-only', '--header'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: mcp-remote fills it in
  'Authorization:${AUTHORIZATION}',
];

const stdioServer = (place: Place) => ({
  command: 'npx',
  args: ['-y', MCP_REMOTE, ...remoteArguments(place)],
  env: { AUTHORIZATION: bearer(place) },
});

const isPublic = ({ url }: Place) => url.startsWith('https:');

function connector(steps: string): ClientGuide['guide'] {
  return (place) => [
    `${steps} ${place.url}`,
    'Sign in on the page that opens, and allow what you want it to do. Leave client id and secret empty.',
    ...(isPublic(place) ? [] : ['It connects from the cloud: deploy the gateway, and give its https address with --url.']),
  ];
}

/** How each known client connects. */
export const CLIENTS: Record<string, ClientGuide> = {
  'claude.ai': {
    title: 'Claude on the web and on phones',
    guide: connector('Settings, Connectors, Add custom connector. Remote MCP server URL:'),
  },
  'claude-code': {
    title: 'Claude Code',
    guide: (place) => [
      'With a token:',
      `  claude ${claudeArguments(place).map(quoted).join(' ')}`,
      'Or with sign-in, then /mcp in a session:',
      `  claude mcp add --transport http ${NAME} ${place.url}`,
    ],
  },
  'claude-desktop': {
    title: 'Claude Desktop',
    guide: (place) =>
      isPublic(place)
        ? connector('Settings, Connectors, Add custom connector. Remote MCP server URL:')(place)
        : [
            'Settings, Developer, Edit Config: claude_desktop_config.json',
            ...json({ mcpServers: { [NAME]: stdioServer(place) } }),
          ],
  },
  cursor: {
    title: 'Cursor',
    guide: (place) => [
      '~/.cursor/mcp.json (without headers: it signs in)',
      ...json({ mcpServers: { [NAME]: { url: place.url, headers: { Authorization: bearer(place) } } } }),
    ],
  },
  vscode: {
    title: 'VS Code',
    guide: (place) => [
      '.vscode/mcp.json (without headers: it signs in)',
      ...json({ servers: { [NAME]: { type: 'http', url: place.url, headers: { Authorization: bearer(place) } } } }),
    ],
  },
  chatgpt: {
    title: 'ChatGPT',
    guide: connector(
      'Settings, Apps & Connectors, Advanced, Developer mode; then Create, Authentication: OAuth. MCP Server URL:',
    ),
  },
  'mcp-remote': {
    title: 'Any client that starts its servers itself',
    guide: (place) => ['The configuration of the client:', ...json({ mcpServers: { [NAME]: stdioServer(place) } })],
  },
};
