import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { join } from 'node:path';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { LOOPBACK } from '../port.ts';
import { workerBundle } from './bundle.ts';
import type { Runtime, StartMessage } from './runtime.ts';

/** The name of the Worker's module in workerd, which stack traces show. */
const MODULE = 'bundle.js';

/** Replaces positions in the bundle by those in the source. */
function sourceMapped(map: string) {
  let source: SourceMap | undefined;
  return (text: string) =>
    text.replaceAll(/file:\/\/[\w./-]*\/bundle\.js:(\d{1,9}):(\d{1,9})/g, (position, line, column) => {
      source ??= new SourceMap(JSON.parse(readFileSync(map, 'utf8')));
      const origin = source.findOrigin(Number(line), Number(column));
      return 'fileName' in origin ? `${origin.fileName}:${origin.lineNumber}:${origin.columnNumber}` : position;
    });
}

/** Runs the bundled Worker in workerd. Its state is where wrangler keeps it, so that both can run the same directory. */
export async function runBundle({ config, port, persist, bindings }: StartMessage): Promise<Runtime> {
  const { name, options, script, map } = await workerBundle(config);
  const mapped = sourceMapped(map);
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: LOOPBACK,
      port,
      resourcePersistencePath: join(persist, 'v3'),
      cf: false,
      telemetry: { enabled: false },
      log: new Log(LogLevel.WARN),
      handleStructuredLogs: ({ message }) => process.stderr.write(`${mapped(message)}\n`),
      workers: [{ ...options, name, bindings, modules: [{ type: 'ESModule', path: MODULE, contents: script }] }],
    }),
  );
  const url = await miniflare.ready;
  return { url: url.href, stop: () => miniflare.dispose() };
}
