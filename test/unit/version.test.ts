import { expect, test } from 'vitest';
import image from '../../container/package.json' with { type: 'json' };
import { VERSION } from '../../src/version.ts';

test('the image has the version of the Worker, which replaces containers of another one', () => {
  expect(image.version).toBe(VERSION);
});
