/** A node of the syntax tree of a file, as far as the operators read it. */
export interface AstNode {
  type: string;
  start: number;
  end: number;
  [key: string]: unknown;
}

/** A change of a piece of a source text. */
export interface Change {
  start: number;
  end: number;
  text: string;
}

export const isNode = (value: unknown): value is AstNode =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

const BINARY: Record<string, string> = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
  '-': '+',
  '*': '/',
  '/': '*',
  '%': '*',
  '+': '-',
};
const LOGICAL: Record<string, string> = { '&&': '||', '||': '&&', '??': '&&' };
/** Methods, each with one that does something else; an empty name removes the call. */
const METHODS = new Map(
  Object.entries({
    some: 'every',
    every: 'some',
    startsWith: 'endsWith',
    endsWith: 'startsWith',
    min: 'max',
    max: 'min',
    floor: 'ceil',
    ceil: 'floor',
    find: 'findLast',
    findLast: 'find',
    toLowerCase: 'toUpperCase',
    filter: '',
    slice: '',
    sort: '',
    toSorted: '',
    trim: '',
    catch: '',
  }),
);

type Operator = (node: AstNode, source: string) => Change[];

const within = (node: unknown, text: string): Change[] => (isNode(node) ? [{ start: node.start, end: node.end, text }] : []);
const textOf = ({ start, end }: AstNode, source: string) => source.slice(start, end);

/** Puts another operator between two operands. */
function swapped({ left, right, operator }: AstNode, source: string, table: Record<string, string>): Change[] {
  const other = table[String(operator)];
  if (other === undefined || !isNode(left) || !isNode(right)) return [];
  const at = source.indexOf(String(operator), left.end);
  return [{ start: at, end: at + String(operator).length, text: other }];
}

/** A condition that is always met, and one that never is. */
const decided: Operator = ({ test }) => [...within(test, 'true'), ...within(test, 'false')];
/** A loop that is never entered. An endless one is found by the operators of its condition. */
const skipped: Operator = ({ test }) => within(test, 'false');

const isText = (node: unknown): boolean =>
  isNode(node) &&
  (node.type === 'TemplateLiteral' ||
    typeof node.value === 'string' ||
    (node.type === 'BinaryExpression' && node.operator === '+' && (isText(node.left) || isText(node.right))));

const OPERATORS: Record<string, Operator> = {
  IfStatement: decided,
  ConditionalExpression: decided,
  WhileStatement: skipped,
  ForStatement: skipped,
  LogicalExpression: (node, source) => swapped(node, source, LOGICAL),
  // Joined texts cannot be subtracted.
  BinaryExpression: (node, source) => (isText(node) ? [] : swapped(node, source, BINARY)),
  UnaryExpression: (node, source) =>
    node.operator === '!' && isNode(node.argument) ? within(node, textOf(node.argument, source)) : [],
  Literal: (node) => {
    if (typeof node.value === 'boolean') return within(node, String(!node.value));
    return typeof node.value === 'string' && node.value !== '' ? within(node, "''") : [];
  },
  TemplateLiteral: (node) => within(node, "''"),
  ExpressionStatement: (node) => (typeof node.directive === 'string' ? [] : within(node, ';')),
  ThrowStatement: (node) => within(node, ';'),
  ReturnStatement: (node) => within(node.argument, 'undefined'),
  ArrowFunctionExpression: ({ body }) => (isNode(body) && body.type !== 'BlockStatement' ? within(body, 'undefined') : []),
  CallExpression: (node, source) => {
    const { callee } = node;
    if (!isNode(callee) || !isNode(callee.property) || !isNode(callee.object) || callee.computed === true) return [];
    const other = METHODS.get(textOf(callee.property, source));
    if (other === undefined) return [];
    return other === '' ? within(node, textOf(callee.object, source)) : within(callee.property, other);
  },
};

/** The changes that the operators make of one node. */
export function changesOf(node: AstNode, source: string): Change[] {
  const changes = OPERATORS[node.type]?.(node, source) ?? [];
  return changes.filter(({ start, end, text }) => source.slice(start, end) !== text);
}
