import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';

const Lock = z.object({
  packages: z.record(z.string(), z.object({ optionalDependencies: z.record(z.string(), z.string()).default({}) })),
});
const LOCK = join(import.meta.dirname, '../../package-lock.json');

// npm ci refuses a lock without them, and npm install leaves out those that a registry cannot give.
test('the lock has every optional package of every platform', () => {
  const { packages } = Lock.parse(JSON.parse(readFileSync(LOCK, 'utf8')));
  const places = Object.keys(packages);
  const wanted = Object.values(packages).flatMap(({ optionalDependencies }) => Object.keys(optionalDependencies));
  expect(wanted.length).toBeGreaterThan(0);
  expect(wanted.filter((name) => !places.some((place) => place.endsWith(`node_modules/${name}`)))).toEqual([]);
});
