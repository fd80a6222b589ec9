import { globSync, readFileSync } from 'node:fs';
import { dirname, join, matchesGlob, normalize } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

/** Files of others: a user's instructions to Claude, Grok's settings, the program of a package. */
const ELSEWHERE = ['CLAUDE.md', 'config.toml', 'vitest.mjs'];
const FILE_NAME = /[\w*][\w*./-]*\.(?:mjs|md|toml|ts)\b|\.\.?\/[\w*./-]+\.(?:mjs|md|toml|ts)\b/g;
const COMMENT = /\/\*[\s\S]*?\*\/|(?<![:'"`])\/\/.*|^#.*/gm;
const URLS = /https?:\/\/\S+/g;

const exclude = ['**/node_modules/**', '**/.*/**'];
const files = globSync('**/*.{mjs,md,toml,ts,jsonc}', { cwd: ROOT, exclude });

/** The prose of a file: all of a document, the comments of a program. */
function proseOf(file: string): string {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return file.endsWith('.md') ? text : (text.match(COMMENT) ?? []).join('\n');
}

/** True if a name, which may be a pattern, is that of a file here: from the root, from the folder that mentions it, or by its end. */
function isHere(name: string, mention: string): boolean {
  const patterns = [name, normalize(join(dirname(mention), name)), `**/${name}`];
  return files.some((file) => patterns.some((pattern) => matchesGlob(file, pattern)));
}

test('every file that a comment or a document names exists', () => {
  const stale = [...files, 'container/Dockerfile'].flatMap((mention) =>
    (proseOf(mention).replace(URLS, '').match(FILE_NAME) ?? [])
      .filter((name) => !ELSEWHERE.includes(name) && !isHere(name, mention))
      .map((name) => `${mention} names ${name}`),
  );
  expect(stale).toEqual([]);
});
