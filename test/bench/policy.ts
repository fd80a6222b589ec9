import { compile } from '../../src/policy/compile.ts';
import type { Condition } from '../../src/policy/condition.ts';
import { type PolicyInput, readDocument } from '../../src/policy/document.ts';
import { evaluate } from '../../src/policy/evaluate.ts';
import type { Rig } from '../rig/rig.ts';

const RULES = 200;
const EVALUATIONS = 2_000;
const PROMPT = 'Look at the code of the billing module and tell what it does. '.repeat(160);
const ARGS = { prompt: PROMPT, model: 'sonnet', maxTurns: 20, maxBudgetUsd: 2, allowedTools: ['Bash(git *)', 'Read', 'Edit'] };

const PATTERNS = ['(?i)drop\\s+table', 'rm\\s+-rf?\\s+/', '(?m)^curl .*\\|\\s*sh$', 'BEGIN (RSA|EC) PRIVATE KEY'];
const CONDITIONS = [
  (i: number) => ({ path: 'args.model', op: 'eq', value: `model-${i}` }) as const,
  (i: number) => ({ path: 'args.maxBudgetUsd', op: 'gt', value: 100 + i }) as const,
  (i: number) => ({ path: 'args.allowedTools', op: 'contains', value: `Bash(tool-${i} *)` }) as const,
  (i: number) => ({ path: 'args.permissionMode', op: 'in', value: ['bypassPermissions', `mode-${i}`] }) as const,
];

/** A document in which all 200 rules speak of one tool, every tenth of them a pattern over the prompt. */
export function largePolicy(max: number): PolicyInput {
  const conditions: Condition[] = Array.from({ length: RULES - 2 }, (_, i) =>
    i % 10 === 0
      ? ({ path: 'args.prompt', op: 'regex', value: PATTERNS[(i / 10) % PATTERNS.length] ?? '' } as const)
      : (CONDITIONS[i % CONDITIONS.length]?.(i) ?? { path: 'args.model', op: 'exists', value: false }),
  );
  const limits = (['minute', 'day'] as const).map((window) => ({ counter: 'c', window, max, scope: 'grant' as const }));
  return { version: '1', default: 'allow', tools: { claude_request: { deny_if: conditions, limits }, 'l*': { limits } } };
}

/** CPU of one evaluation of the large document, in ms. */
export function evaluationMs(): number {
  const read = readDocument(largePolicy(1));
  if (!read.ok) throw new Error(JSON.stringify(read.failure));
  const policy = compile(read.value);
  const ask = { tool: 'claude_request', args: ARGS };
  const judge = (times: number) => {
    for (let i = 0; i < times; i += 1) if (evaluate(policy, ask).kind !== 'pass') throw new Error('the call should pass');
  };
  judge(EVALUATIONS / 10);
  const began = process.cpuUsage();
  judge(EVALUATIONS);
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1_000 / EVALUATIONS;
}

const CALLS = 400;
const AT_ONCE = 8;

/** Returns how many calls per second an account decides, each with its row in the audit log. */
export async function callsPerSecond({ call }: Rig, policy: PolicyInput | string): Promise<number> {
  const set = await call('policy_set', { target: 'owner', policy });
  if (!set.ok) throw new Error(set.error?.message);
  const one = async () => {
    const { ok, error } = await call('llm_job_list', { limit: 1 });
    if (!ok) throw new Error(error?.message);
  };
  for (let i = 0; i < AT_ONCE; i += 1) await one();
  const began = performance.now();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let i = 0; i < CALLS / AT_ONCE; i += 1) await one();
    }),
  );
  return CALLS / ((performance.now() - began) / 1_000);
}

/** Returns the CPU time of the most expensive policy for one argument, in ms: the maximum number of patterns, each with a large automaton. */
export function worstMs(): number {
  let seed = 12_345;
  const letters = Array.from({ length: 65_536 }, () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed > 1_073_741_824 ? 'a' : 'b';
  });
  const deny_if = Array.from(
    { length: 24 },
    (): Condition => ({ path: 'args.prompt', op: 'regex', value: '[ab]*a[ab]{14}[^ab]' }),
  );
  const read = readDocument({ version: '1', default: 'allow', tools: { claude_request: { deny_if } } });
  if (!read.ok) throw new Error(JSON.stringify(read.failure));
  const policy = compile(read.value);
  const began = process.cpuUsage();
  evaluate(policy, { tool: 'claude_request', args: { prompt: letters.join('') } });
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1_000;
}
