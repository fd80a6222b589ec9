import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filled } from '../../scripts/cli/readme-tables.ts';

test('the tables of the README are those of the declarations (npm run readme writes them)', () => {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
  expect(readme).toBe(filled(readme));
});
