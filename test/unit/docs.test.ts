import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { documents, filled, SECTIONS } from '../../scripts/cli/doc-tables.ts';

test.each(documents())('the generated parts of %s are those of the declarations (npm run docs writes them)', (file) => {
  const text = readFileSync(file, 'utf8');
  expect(text).toBe(filled(file, text));
});

test('each generated part has a place in one document', () => {
  const all = documents()
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  for (const name of Object.keys(SECTIONS)) expect(all.split(`<!-- ${name} -->`), name).toHaveLength(2);
});
