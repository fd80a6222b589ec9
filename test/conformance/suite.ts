import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { childEnvironment, ROOT } from '../../scripts/local/environment.ts';

const CLI = join(ROOT, 'node_modules/@modelcontextprotocol/conformance/dist/index.js');
const RUN_MAX_MS = 300_000;

/** One check of a scenario. */
export interface Check {
  scenario: string;
  id: string;
  outcome: 'passed' | 'failed' | 'skipped';
  message: string;
  /** The server lacks the tool that the check needs. */
  isUntestable: boolean;
}

const Checks = z.array(
  z.object({
    id: z.string(),
    status: z.string(),
    errorMessage: z.string().optional(),
    details: z.looseObject({ untestable: z.boolean().optional(), message: z.string().optional() }).optional().catch(undefined),
  }),
);

const OUTCOMES: Record<string, Check['outcome']> = { SUCCESS: 'passed', FAILURE: 'failed' };

function read(directory: string): Check[] {
  return readdirSync(directory).flatMap((name) => {
    const scenario = name.replace(/^server-(?=.*-\d{4}-)|-\d{4}-\d\d-\d\dT[\d-]*Z$/g, '');
    const checks = Checks.parse(JSON.parse(readFileSync(join(directory, name, 'checks.json'), 'utf8')));
    return checks.map(({ id, status, errorMessage, details }) => {
      const outcome = OUTCOMES[status] ?? 'skipped';
      return {
        scenario,
        id,
        outcome,
        message: errorMessage ?? details?.message ?? '',
        isUntestable: details?.untestable ?? false,
      };
    });
  });
}

/** A run of the suite: its checks, and the scenarios that the suite does not score. */
export interface Run {
  checks: Check[];
  unscored: string[];
}

/** Runs the official suite with arguments. `directory` must be new and receives its files. `onLine` receives each printed line. */
export async function runSuite(args: string[], directory: string, onLine: (line: string) => void = () => {}): Promise<Run> {
  const env = childEnvironment(join(directory, '..'), { NO_COLOR: '1' });
  const child = spawn(process.execPath, [CLI, ...args, '--output-dir', directory], {
    env,
    timeout: RUN_MAX_MS,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    onLine(line);
  }
  const unscored = lines.flatMap((line) => /^ +[✓✗] (\S+) \(.*\)$/.exec(line)?.[1] ?? []);
  const checks = existsSync(directory) ? read(directory) : [];
  if (checks.length === 0) throw new Error(`The suite ran no check: ${lines.slice(-20).join('\n')}`);
  return { checks, unscored };
}
