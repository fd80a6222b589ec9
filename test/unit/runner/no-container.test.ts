import { expect, test } from 'vitest';
import { noContainer } from '../../../src/runner/no-container.ts';

test.each([
  [
    'There is no Container instance that can be provided to this Durable Object, try again later',
    'at_capacity',
    /max_instances are running/,
  ],
  ['You are requesting too many containers per second', 'at_capacity', /Too many containers are being started/],
  ['Container exited before we could determine the container health, exit code: 1', 'internal', /could not be started.*the log/],
])('"%s" lets a job wait, and says what for', (said, code, message) => {
  expect(noContainer(new Error(said))).toEqual({ code, message: expect.stringMatching(message) });
});
