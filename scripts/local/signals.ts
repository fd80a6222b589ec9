const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

// npm forwards signals, so one Ctrl-C arrives twice: from the terminal and from npm.
const ECHO_MS = 500;

/** Returns an AbortSignal that the first signal aborts. A second one ends this process at once; its children end within seconds. */
export function abortOnSignal(): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  for (const signal of SIGNALS)
    process.on(signal, () => {
      if (!first) {
        first = Date.now();
        controller.abort();
      } else if (Date.now() - first > ECHO_MS) process.exit(1);
    });
  return controller.signal;
}
