// `npm run readme`: writes the README's tables from the declarations of tools, options and limits.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { filled } from './cli/readme-tables.ts';
import { ROOT } from './local/environment.ts';

const README = join(ROOT, 'README.md');
await writeFile(README, filled(await readFile(README, 'utf8')));
