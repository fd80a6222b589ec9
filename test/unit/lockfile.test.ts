import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';

const Lock = z.object({
  packages: z.record(
    z.string(),
    z.object({
      optional: z.boolean().default(false),
      link: z.boolean().default(false),
      integrity: z.string().optional(),
      license: z.string().optional(),
      optionalDependencies: z.record(z.string(), z.string()).default({}),
    }),
  ),
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

// `npm run lock` adds a package that the registry lacks without a license. npm copies the license with the hash.
test('a package without a hash in the lock is an optional one that the registry did not have', () => {
  const { packages } = Lock.parse(JSON.parse(readFileSync(LOCK, 'utf8')));
  const installed = Object.entries(packages).filter(([place, { link }]) => place.includes('node_modules/') && !link);
  const bare = installed.filter(([, { integrity = '' }]) => !integrity.startsWith('sha512-'));
  expect(installed.length).toBeGreaterThan(bare.length);
  const wrong = bare.filter(([, { optional, license }]) => !optional || license !== undefined);
  expect(wrong.map(([place]) => place)).toEqual([]);
});
