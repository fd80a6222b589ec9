import type { Config } from '../config.ts';

/** Where a provider's model traffic goes, and the headers that carry its key; null where there is none. */
export interface Upstream {
  /** Settings of which one holds the key. */
  settings: string[];
  url: (config: Config) => string;
  credentials: (config: Config, headers: Headers) => Record<string, string> | null;
  /** Headers without which the service answers nothing. */
  needed?: Record<string, string>;
}

/** Anthropic takes an OAuth token only with this beta named. */
const OAUTH_BETA = 'oauth-2025-04-20';

function anthropic({ anthropicApiKey, claudeCodeOauthToken }: Config, headers: Headers): Record<string, string> | null {
  if (anthropicApiKey !== undefined) return { 'x-api-key': anthropicApiKey };
  if (claudeCodeOauthToken === undefined) return null;
  const betas = [headers.get('anthropic-beta'), OAUTH_BETA].filter(Boolean).join(',');
  return { authorization: `Bearer ${claudeCodeOauthToken}`, 'anthropic-beta': betas };
}

/** Every provider's model service, by the provider's id. */
export const UPSTREAMS: Record<string, Upstream> = {
  claude: {
    settings: ['ANTHROPIC_API_KEY', 'CLAUDE_CODE_OAUTH_TOKEN'],
    url: (config) => config.anthropicUpstreamUrl,
    credentials: anthropic,
    needed: { 'anthropic-version': '2023-06-01' },
  },
  grok: {
    settings: ['XAI_API_KEY'],
    url: (config) => config.xaiUpstreamUrl,
    credentials: ({ xaiApiKey }) => (xaiApiKey === undefined ? null : { authorization: `Bearer ${xaiApiKey}` }),
  },
};
