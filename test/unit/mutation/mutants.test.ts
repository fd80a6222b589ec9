import { expect, test } from 'vitest';
import { mutantsOf, mutate, sampleOf } from '../../mutation/mutants.ts';
import { reportOf } from '../../mutation/report.ts';
import { folderOf } from '../../mutation/suites.ts';

const variants = (source: string) => mutantsOf('a.ts', source).map((mutant) => mutate(source, mutant));

const cases: [what: string, source: string, variants: string[]][] = [
  ['a condition', 'if (a) b;', ['if (true) b;', 'if (false) b;', 'if (a) ;']],
  ['a comparison', 'const x = a < b;', ['const x = a <= b;']],
  ['an arithmetic operator', 'const x = a * b;', ['const x = a / b;']],
  ['a sum, but no joined text', "const x = a + 1 + ('b' + c);", ["const x = a - 1 + ('b' + c);", "const x = a + 1 + ('' + c);"]],
  [
    'a boolean and its negation',
    'const x = !y && true;',
    ['const x = !y || true;', 'const x = y && true;', 'const x = !y && false;'],
  ],
  ['a text, but no name', "const x = { 'a': 'b' };", ["const x = { 'a': '' };"]],
  ['a call that stands alone', 'f();', [';']],
  ['what a function returns', 'function f() { return a; }', ['function f() { return undefined; }']],
  ['what an arrow returns', 'const f = () => a;', ['const f = () => undefined;']],
  ['a method of a list', 'const x = a.some(f);', ['const x = a.every(f);']],
  ['a method that selects', 'const x = a.filter(f);', ['const x = a;']],
  ['no type and no import', "import { a } from 'b'; type T = 'c' | true; let x: 'd' = a as 'e';", []],
];

test.each(cases)('the mutants of %s', (_what, source, expected) => {
  expect(variants(source).toSorted()).toEqual(expected.toSorted());
});

test('a seed decides which mutants are drawn, whatever their order', () => {
  const mutants = mutantsOf('a.ts', Array.from({ length: 40 }, (_, index) => `f(${index} < x);`).join('\n'));
  const drawn = sampleOf(mutants, 1, 10);
  expect(sampleOf(mutants.toReversed(), 1, 10)).toEqual(drawn);
  expect(sampleOf(mutants, 2, 10)).not.toEqual(drawn);
  expect(sampleOf(mutants, 1, 20).slice(0, 10)).toEqual(drawn);
});

test('the report counts what was tried, and lists a survivor with its place', () => {
  const [killed, survived, explained, left] = mutantsOf('src/gate/a.ts', 'f();\ng();\nh();\ni();');
  if (!killed || !survived || !explained || !left) throw new Error('too few mutants');
  const report = reportOf(
    [
      { mutant: killed, killedBy: 'a test', reason: undefined },
      { mutant: survived, killedBy: null, reason: undefined },
      { mutant: explained, killedBy: null, reason: 'no effect' },
      { mutant: left, killedBy: undefined, reason: undefined },
    ],
    folderOf,
  ).map((line) => line.trim().replace(/\s+/g, ' '));
  expect(report).toContain('src/gate 2 1 50 % 1 1');
  expect(report.slice(-2)).toEqual(['Survivors: 1', 'src/gate/a.ts:2 - g(); + ;']);
});
