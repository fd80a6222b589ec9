import { readFileSync } from 'node:fs';
import { type Attack, heldIf } from './attack.ts';
import { mcpCall, send } from './http.ts';
import type { Rig } from './rig.ts';

/** Length of a hostile text, in characters, and what it may cost beyond plain text of the same length, in ms of CPU. */
const TEXT_CHARS = 1_000_000;
const MAX_EXTRA_MS = 100;

/** CPU time of all processes below this one, in ms. Processes come and go, so it is read right before and after a call. */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [, , , , , , , , , , , user = '0', system = '0'] = stat.slice(stat.lastIndexOf(')') + 1).split(' ');
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  return (Number(user) + Number(system)) * 10 + children.reduce((sum, child) => sum + cpuMs(Number(child)), 0);
}

/** CPU time of a call, in ms: the least of three, because other work goes on. */
async function costOf(
  { origin, gateway }: Rig,
  name: string,
  args: object,
  headers: Record<string, string> = {},
): Promise<number> {
  const costs: number[] = [];
  for (let i = 0; i < 3; i += 1) {
    const before = cpuMs(process.pid);
    await send(origin, '/mcp', mcpCall(gateway.settings.token, name, args, headers));
    costs.push(cpuMs(process.pid) - before);
  }
  return Math.min(...costs);
}

const PREFIXES = ['eyJ-', 'Bearer ', '@', ' \t', '\u001b]a;', '://', 'a,', '${', '\n'];

/** A row that compares the cost of hostile texts with that of plain text. */
const stall = (name: string, tool: string, args: (text: string) => object): Attack => ({
  attacker: 'hostile client',
  name,
  modes: ['process'],
  run: async (rig) => {
    const plain = await costOf(rig, tool, args('x'.repeat(TEXT_CHARS)));
    const slow: string[] = [];
    for (const prefix of PREFIXES) {
      const cost = await costOf(rig, tool, args(prefix.repeat(TEXT_CHARS / prefix.length)));
      if (cost > plain + MAX_EXTRA_MS) slow.push(`${JSON.stringify(prefix)} took ${cost} ms, plain text ${plain} ms`);
    }
    return heldIf(slow.join('; '));
  },
});

/** A row in which a body is answered with an error of the protocol or of the tool, and the gateway goes on. */
const odd = (name: string, body: string): Attack => ({
  attacker: 'hostile client',
  name,
  run: async ({ origin, gateway, owner }) => {
    const { status, text } = await send(origin, '/mcp', { ...mcpCall(gateway.settings.token, '', {}), body });
    const isAlive = (await owner.call('list_models', {})).ok;
    return heldIf(status >= 500 || !isAlive ? `${status} ${text.slice(0, 300)}` : '');
  },
});

const callWith = (params: string) => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`;

/** What a client with a valid token tries against the gateway itself. */
export const hostileClient: Attack[] = [
  stall('stall the gateway by a prompt', 'policy_test', (text) => ({ tool: 'claude_request', args: { prompt: text } })),
  stall('stall the gateway by rules of tools', 'claude_request', (text) => ({ prompt: 'x', allowedTools: [text] })),
  stall('stall the gateway by an id', 'llm_job_status', (text) => ({ jobId: text })),
  stall('stall the gateway by the name of a parameter', 'llm_job_list', (text) => ({ [text]: 1 })),
  {
    attacker: 'hostile client',
    name: 'stall the gateway by 200,000 unknown parameters',
    modes: ['process'],
    run: async (rig) => {
      const cost = await costOf(rig, 'llm_job_list', Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => [`k${i}`, 1])));
      const plain = await costOf(rig, 'llm_job_list', { k: 'x'.repeat(2_000_000) });
      return heldIf(cost > plain + 10 * MAX_EXTRA_MS ? `${cost} ms, plain text ${plain} ms` : '');
    },
  },
  odd(
    'break the parser by 100,000 nested lists',
    callWith(`{"name":"list_models","arguments":{"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`),
  ),
  odd(
    'break the parser by 50,000 nested objects',
    callWith(`{"name":"list_models","arguments":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`),
  ),
  odd(
    'replace a prototype',
    callWith('{"name":"list_models","arguments":{"__proto__":{"ok":true},"constructor":{"prototype":{}}}}'),
  ),
  odd('send no JSON', '{'),
  odd(
    'send a batch of 1,000 calls',
    JSON.stringify(Array.from({ length: 1_000 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'tools/list' }))),
  ),
  {
    attacker: 'hostile client',
    name: 'send a body larger than the limit',
    run: async ({ origin, gateway }) => {
      const { status } = await send(origin, '/mcp', {
        ...mcpCall(gateway.settings.token, '', {}),
        body: 'x'.repeat(5_000_000),
      }).catch(() => ({ status: 413 }));
      return heldIf(status === 413 ? '' : String(status));
    },
  },
];
