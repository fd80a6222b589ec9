import { createHash } from 'node:crypto';
import { parseAst } from 'vitest/node';
import { type AstNode, type Change, changesOf, isNode } from './operators.ts';

/** A file with one small change that a test should notice. */
export interface Mutant extends Change {
  file: string;
  line: number;
  /** The line where the changed piece begins. */
  context: string;
  /** The changed piece and what replaces it, each in one line. */
  before: string;
  after: string;
  /** Equal as long as the file is. */
  key: string;
}

/** Parts of a tree that have no effect when the program runs, or only name things. */
const SKIPPED_NODE = /^(Import|ExportAll|TS(?!AsExpression|SatisfiesExpression|NonNullExpression))/;
const SKIPPED_FIELD = new Set(['typeAnnotation', 'returnType', 'typeParameters', 'typeArguments', 'superTypeArguments']);
/** Longest piece that is shown, in characters. */
const SHOWN_CHARS = 100;

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function inOneLine(text: string): string {
  const flat = text.replace(/\s+/g, ' ');
  return flat.length > SHOWN_CHARS ? `${flat.slice(0, SHOWN_CHARS)}…` : flat;
}

function walk(node: AstNode, visit: (node: AstNode) => void): void {
  if (SKIPPED_NODE.test(node.type)) return;
  visit(node);
  const isNamed = node.type === 'Property' || node.type === 'PropertyDefinition' || node.type === 'MethodDefinition';
  for (const [field, value] of Object.entries(node)) {
    if (SKIPPED_FIELD.has(field) || (isNamed && field === 'key')) continue;
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) walk(child, visit);
  }
}

function placeOf(source: string, at: number) {
  const line = source.slice(0, at).split('\n').length;
  return { line, context: source.split('\n')[line - 1]?.trim() ?? '' };
}

/** All mutants of a file of TypeScript. */
export function mutantsOf(file: string, source: string): Mutant[] {
  const root: unknown = parseAst(source, { lang: 'ts' });
  const changes: Change[] = [];
  if (isNode(root)) walk(root, (node) => changes.push(...changesOf(node, source)));
  const version = sha256(source);
  return changes.map((change) => ({
    ...change,
    file,
    ...placeOf(source, change.start),
    before: inOneLine(source.slice(change.start, change.end)),
    after: inOneLine(change.text),
    key: sha256([file, version, change.start, change.end, change.text].join('\n')),
  }));
}

export const mutate = (source: string, { start, end, text }: Change): string => source.slice(0, start) + text + source.slice(end);

/** Mutants in an order that a seed decides. The first `size` of them are the sample. */
export function sampleOf(mutants: Mutant[], seed: number, size: number): Mutant[] {
  const places = new Map(mutants.map((mutant) => [mutant, sha256(`${seed} ${mutant.key}`)]));
  return mutants.toSorted((a, b) => ((places.get(a) ?? '') < (places.get(b) ?? '') ? -1 : 1)).slice(0, size);
}
