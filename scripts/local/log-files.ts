import { appendFile, rmSync } from 'node:fs';
import { Writable } from 'node:stream';
import { messageOf } from '../../src/errors.ts';

/** Opens an empty log file as a stream that never fails: what the disk does not take is left out. */
export type OpenLog = (path: string) => Writable;

/**
 * The log files of a gateway. `print` receives one line when the disk stops taking them, and one when it takes them again, however many
 * files and writes are concerned.
 */
export function logFiles(print: (line: string) => void): OpenLog {
  const failing = new Set<string>();
  const report = (path: string, error: unknown) => {
    if (error && failing.size === 0)
      print(`The disk takes no more logs (${messageOf(error)}). The gateway continues without them. Free space to keep jobs.`);
    if (error) failing.add(path);
    // A short line may still fit into another file, so only a file that failed shows that there is space.
    else if (failing.has(path)) {
      failing.clear();
      print('The disk takes logs again.');
    }
  };
  return (path) => {
    rmSync(path, { force: true });
    return new Writable({
      write: (chunk, _encoding, done) =>
        appendFile(path, chunk, { mode: 0o600 }, (error) => {
          report(path, error);
          done();
        }),
    });
  };
}
