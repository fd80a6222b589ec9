import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const MOST_LINES = 300;

/** The layers of src, outermost first. A layer imports what stands after it, never what stands before. */
const LAYERS = [
  'index',
  'app',
  'console',
  'health',
  'mcp',
  'auth',
  'account',
  'job',
  'runner',
  'gate',
  'html',
  'config',
  'policy',
  'objects',
  'caller',
  'clock',
  'errors',
  'nearest',
  'public-url',
  'prompt-parts',
  'sql',
  'version',
  'zod-issues',
];
const IMPORT = /(?:from|import)\s*\(?\s*'([^']+)'/g;

const files = (pattern: string) => globSync(pattern, { cwd: ROOT, exclude: ['**/node_modules/**'] }).sort();
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const importsOf = (file: string) =>
  [...read(file).matchAll(IMPORT)].flatMap(([, target = '']) =>
    target.startsWith('.') ? [relative(ROOT, join(ROOT, dirname(file), target))] : [],
  );
const arrows = (pattern: string) => files(pattern).flatMap((file) => importsOf(file).map((target) => ({ file, target })));
const shown = ({ file, target }: { file: string; target: string }) => `${file} imports ${target}`;

const layerOf = (file: string) => file.split('/')[1]?.replace(/\.ts$/, '') ?? '';

test('src has no file or folder outside the layers', () => {
  expect([...new Set(files('src/**/*.ts').map(layerOf))].filter((layer) => !LAYERS.includes(layer))).toEqual([]);
});

test('imports within src point from the outer layer to the inner one', () => {
  const inside = arrows('src/**/*.ts').filter(({ target }) => target.startsWith('src/'));
  const wrong = inside.filter(({ file, target }) => LAYERS.indexOf(layerOf(file)) > LAYERS.indexOf(layerOf(target)));
  expect(inside.length).toBeGreaterThan(0);
  expect(wrong.map(shown)).toEqual([]);
});

test('src imports nothing outside but the protocol, the providers and package.json', () => {
  const outside = arrows('src/**/*.ts').filter(({ target }) => !target.startsWith('src/'));
  const allowed = /^(container\/(protocol|providers\/([^/]+\/)?[^/]+)\.ts|package\.json)$/;
  expect(outside.filter(({ target }) => !allowed.test(target)).map(shown)).toEqual([]);
});

test('the container imports nothing from outside its folder', () => {
  const inside = arrows('container/**/*.ts');
  expect(inside.length).toBeGreaterThan(0);
  expect(inside.filter(({ target }) => !target.startsWith('container/')).map(shown)).toEqual([]);
});

test(`no file has more than ${MOST_LINES} lines`, () => {
  const lines = files('{src,container,scripts,test}/**/*.ts').map((file) => ({ file, lines: read(file).split('\n').length - 1 }));
  expect(lines.filter((entry) => entry.lines > MOST_LINES)).toEqual([]);
});
