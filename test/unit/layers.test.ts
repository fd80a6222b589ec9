import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const MAX_LINES = 300;
const MAX_FILES = 16;

/** The layers of each folder, outermost first. A layer imports what stands after it, never what stands before. */
const LAYERS: Record<string, string> = {
  src: 'index app console health mcp auth account job incident runner gate html config policy objects caller clock errors cut-text nearest public-url prompt-parts sql text-store version zod-issues',
  container: 'main start http runs executor clis run spool state containment config providers errors protocol',
};
const IMPORT = /(?:from|import)\s*\(?\s*'([^']+)'/g;

interface Arrow {
  file: string;
  target: string;
}

const files = (pattern: string) => globSync(pattern, { cwd: ROOT, exclude: ['**/node_modules/**'] }).sort();
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const importsOf = (file: string) =>
  [...read(file).matchAll(IMPORT)].flatMap(([, target = '']) =>
    target.startsWith('.') ? [relative(ROOT, join(ROOT, dirname(file), target))] : [],
  );
const arrows = (pattern: string): Arrow[] =>
  files(pattern).flatMap((file) => importsOf(file).map((target) => ({ file, target })));
const shown = ({ file, target }: Arrow) => `${file} imports ${target}`;

const layerOf = (file: string) => file.split('/')[1]?.replace(/\.ts$/, '') ?? '';
const places = Object.entries(LAYERS).map(([folder, layers]) => [folder, layers.split(' ')] as const);

test.each(places)('%s has no file or folder outside its layers', (folder, layers) => {
  expect(new Set(files(`${folder}/**/*.ts`).map(layerOf))).toEqual(new Set(layers));
});

test.each(places)('imports within %s point from the outer layer to the inner one', (folder, layers) => {
  const inside = arrows(`${folder}/**/*.ts`).filter(({ target }) => target.startsWith(`${folder}/`) && target.endsWith('.ts'));
  const wrong = inside.filter(({ file, target }) => layers.indexOf(layerOf(file)) > layers.indexOf(layerOf(target)));
  expect(inside.length).toBeGreaterThan(0);
  expect(wrong.map(shown)).toEqual([]);
});

/** The imports of files that reach a cycle: what is left when imports of files without imports are removed again and again. */
function cyclesIn(all: Arrow[]): Arrow[] {
  const inner = all.filter(({ target }) => all.some(({ file }) => file === target));
  return inner.length === all.length ? all : cyclesIn(inner);
}

test('no files import each other, not even for types', () => {
  const all = arrows('{src,container,scripts}/**/*.ts');
  expect(all.length).toBeGreaterThan(500);
  expect(cyclesIn(all).map(shown)).toEqual([]);
});

test('a cycle is found, with the imports that reach it', () => {
  const imports = ['a b', 'b c', 'c b', 'c d'].map((arrow) => ({ file: arrow.charAt(0), target: arrow.charAt(2) }));
  expect(cyclesIn(imports)).toEqual(imports.slice(0, 3));
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

test(`no file has more than ${MAX_LINES} lines`, () => {
  const lines = files('{src,container,scripts,test}/**/*.ts').map((file) => ({ file, lines: read(file).split('\n').length - 1 }));
  expect(lines.filter((entry) => entry.lines > MAX_LINES)).toEqual([]);
});

test(`no folder of code has more than ${MAX_FILES} files`, () => {
  const folders = Map.groupBy(files('{src,container,scripts}/**/*.ts'), dirname);
  expect([...folders].filter(([, inside]) => inside.length > MAX_FILES).map(([folder]) => folder)).toEqual([]);
});
