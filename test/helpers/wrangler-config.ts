import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../scripts/local/environment.ts';

const absolute = (path: string) => JSON.stringify(join(ROOT, path));

/** Writes a changed copy of wrangler.toml to a directory and returns its path. */
export function writeConfig(directory: string, change: (text: string) => string): string {
  const text = change(readFileSync(join(ROOT, 'wrangler.toml'), 'utf8'))
    .replace('"src/index.ts"', absolute('src/index.ts'))
    .replace('"./container/Dockerfile"', absolute('container/Dockerfile'))
    .replace('image_build_context = "."', `image_build_context = ${absolute('.')}`);
  const path = join(directory, 'wrangler.toml');
  writeFileSync(path, text);
  return path;
}
