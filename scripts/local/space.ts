import { statfs } from 'node:fs/promises';

/** Interval at which a full disk is looked at, in ms. */
export const SPACE_CHECK_MS = 1_000;

/** A service writes this many bytes at its start, or less. */
const START_BYTES = 1_048_576;

/** Whether a service could write to a directory at its start. A disk that cannot be asked is no reason to wait. */
export const hasSpace = (directory: string): Promise<boolean> =>
  statfs(directory).then(
    ({ bavail, bsize }) => bavail * bsize >= START_BYTES,
    () => true,
  );
