// `npm run docs`: writes the generated parts of README.md and docs/ from the declarations they describe.
import { readFile, writeFile } from 'node:fs/promises';
import { documents, filled } from './cli/doc-tables.ts';
import { parseFlags } from './cli/flags.ts';

parseFlags('npm run docs\n\nWrites the generated parts of README.md and docs/ from the declarations they describe.', {});
for (const file of documents()) await writeFile(file, filled(file, await readFile(file, 'utf8')));
