import { messageOf } from './errors.ts';
import type { Provider } from './providers/provider.ts';
import { startExecutor } from './start.ts';

/** Runs an executor as this process: one line of JSON on stdout once it listens, until SIGTERM or SIGINT. */
export async function serve(providers: Record<string, Provider>): Promise<void> {
  try {
    const { listening, shutDown } = await startExecutor(process.env, providers);
    for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => shutDown().finally(() => process.exit(0)));
    process.stdout.write(`${JSON.stringify({ listening, pid: process.pid })}\n`);
  } catch (error) {
    console.error(`The executor cannot start. ${messageOf(error)}`);
    process.exit(1);
  }
}
