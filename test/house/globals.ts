// Finds the use of clocks, chance, timers, the network and the environment in a file. Refuses to know which layer may use them.
import ts from 'typescript';
import { lineOf, nodes, parse } from './source.ts';

export const IMPURE = new Set([
  'Date',
  'performance',
  'crypto',
  'process',
  'fetch',
  'console',
  'globalThis',
  'global',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'clearTimeout',
  'clearInterval',
  'queueMicrotask',
  'require',
  'XMLHttpRequest',
  'WebSocket',
]);
const IMPURE_MEMBERS = new Set(['Math.random', 'Temporal.Now']);

export interface Use {
  readonly line: number;
  readonly name: string;
}

/** Uses of the named globals: identifiers that nobody in this file declares, and that are not the name of a property. */
export function usesOf(names: ReadonlySet<string>, file: string, text?: string): readonly Use[] {
  const source = parse(file, text);
  const all = nodes(source);
  const declared = new Set(all.filter(isNameOfDeclaration).map((node) => node.getText(source)));
  const plain = all.filter(
    (node): node is ts.Identifier => ts.isIdentifier(node) && names.has(node.text) && !declared.has(node.text) && !isPropertyName(node),
  );
  const members = all.filter((node) => ts.isPropertyAccessExpression(node) && IMPURE_MEMBERS.has(node.getText(source)) && names === IMPURE);
  return [...plain, ...members].map((node) => ({ line: lineOf(node), name: node.getText(source) }));
}

/** Promises in any spelling: a decision is taken at once, or it is no decision. */
export function promisesIn(file: string, text?: string): readonly Use[] {
  const source = parse(file, text);
  const asynchronous = (node: ts.Node) =>
    node.kind === ts.SyntaxKind.AsyncKeyword ||
    ts.isAwaitExpression(node) ||
    (ts.isIdentifier(node) && (node.text === 'Promise' || node.text === 'PromiseLike'));
  return nodes(source)
    .filter(asynchronous)
    .map((node) => ({ line: lineOf(node), name: node.getText(source) }));
}

/** Reads of the environment, however spelled. */
export function environmentIn(file: string, text?: string): readonly Use[] {
  const source = parse(file, text);
  const isRead = (node: ts.Node) =>
    (ts.isPropertyAccessExpression(node) && node.name.text === 'env' && node.expression.getText(source).endsWith('process')) ||
    (ts.isElementAccessExpression(node) && node.getText(source).startsWith("process['env']")) ||
    (ts.isBindingElement(node) &&
      (node.propertyName ?? node.name).getText(source) === 'env' &&
      /=\s*process$/.test(node.parent.parent.getText(source))) ||
    (ts.isImportSpecifier(node) && node.name.text === 'env');
  return nodes(source)
    .filter(isRead)
    .map((node) => ({ line: lineOf(node), name: node.getText(source) }));
}

function isNameOfDeclaration(node: ts.Node): boolean {
  const { parent } = node;
  if (!ts.isIdentifier(node)) return false;
  return (
    ((ts.isVariableDeclaration(parent) || ts.isParameter(parent) || ts.isFunctionDeclaration(parent) || ts.isBindingElement(parent)) &&
      parent.name === node) ||
    ts.isImportSpecifier(parent)
  );
}

function isPropertyName(node: ts.Identifier): boolean {
  const { parent } = node;
  return (
    (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
    ((ts.isPropertyAssignment(parent) ||
      ts.isPropertySignature(parent) ||
      ts.isMethodSignature(parent) ||
      ts.isMethodDeclaration(parent) ||
      ts.isPropertyDeclaration(parent)) &&
      parent.name === node) ||
    (ts.isBindingElement(parent) && parent.propertyName === node)
  );
}
