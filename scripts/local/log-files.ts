import { appendFile, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { Writable } from 'node:stream';
import { messageOf } from '../../src/errors.ts';
import { hasSpace, SPACE_CHECK_MS } from './space.ts';

/** Opens an empty log file as a stream that never fails: what the disk does not take is left out. */
export type OpenLog = (path: string) => Writable;

/**
 * The log files of a gateway. `print` receives one line when the disk stops taking them, and one when it has space again, however many
 * files and writes are concerned.
 */
export function logFiles(print: (line: string) => void): OpenLog {
  let isFailing = false;
  const recover = (path: string) => {
    const timer = setInterval(async () => {
      if (!(await hasSpace(dirname(path))) || !isFailing) return;
      clearInterval(timer);
      isFailing = false;
      print('The disk takes logs again.');
    }, SPACE_CHECK_MS).unref();
  };
  const fail = (path: string, error: Error) => {
    if (isFailing) return;
    isFailing = true;
    print(`The disk takes no more logs (${messageOf(error)}). The gateway continues without them. Free space to keep jobs.`);
    recover(path);
  };
  return (path) => {
    rmSync(path, { force: true });
    return new Writable({
      write: (chunk, _encoding, done) =>
        appendFile(path, chunk, { mode: 0o600 }, (error) => {
          if (error) fail(path, error);
          done();
        }),
    });
  };
}
