import type { Health } from '../../container/protocol.ts';
import { OWNER } from '../caller.ts';
import type { Config } from '../config.ts';
import { executorOf } from '../runner/executor.ts';
import type { ExecutorReply } from '../runner/executor-reply.ts';
import { type Finding, finding } from './finding.ts';

const NO_STORE = 'Not reachable. Compare its binding in wrangler.toml with the account.';
const UNCONFINED =
  'Runs are not confined: they reach whatever the executor does. Install bubblewrap on Linux, run the image as root with the capabilities that docs/deploy.md lists, or use npm start -- --containers.';

const checkStore = (check: string, read: () => Promise<unknown>): Promise<Finding> =>
  read().then(
    () => finding(check, 'ok', 'Reachable.'),
    () => finding(check, 'wrong', NO_STORE),
  );

/** Reports how runs are confined, or nothing without an executor. */
function checkContainment(health: ExecutorReply<Health>): Finding[] {
  if (health.kind !== 'ok') return [];
  const { containment } = health.value;
  const check = 'confinement of runs';
  return [containment === 'none' ? finding(check, 'note', UNCONFINED) : finding(check, 'ok', `By ${containment}.`)];
}

function checkExecutor(health: ExecutorReply<Health>): Finding {
  const check = 'executor';
  if (health.kind === 'refused' && health.error.code === 'shutting_down')
    return finding(check, 'ok', 'The container is asleep. The next request starts it.');
  if (health.kind !== 'ok') return finding(check, 'wrong', `${health.error.message} ${health.error.advice}`.trim());
  const { version, clis, quarantined = 0 } = health.value;
  const missing = Object.keys(clis).filter((id) => clis[id] === null);
  if (missing.length > 0) return finding(check, 'note', `No CLI of ${missing.join(', ')}. Rebuild the image.`);
  if (quarantined > 0)
    return finding(
      check,
      'note',
      `${quarantined} runs were set aside because their files were damaged. The executor's log names them.`,
    );
  const names = Object.entries(clis).map(([id, cli]) => `${id} ${cli}`);
  return finding(check, 'ok', `Version ${version}: ${names.join(', ')}.`);
}

/** Checks that the stores and the executor respond. */
export async function checkServices(env: Env, config: Config): Promise<Finding[]> {
  const [kv, r2, executor] = await Promise.all([
    checkStore('KV', () => env.OAUTH_KV.get('health')),
    checkStore('R2', () => env.STATE.head('health')),
    executorOf(env, config, OWNER, 'default').health(),
  ]);
  return [kv, r2, checkExecutor(executor), ...checkContainment(executor)];
}
