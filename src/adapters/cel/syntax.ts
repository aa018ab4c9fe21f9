// Walks the tree of a parsed expression: what it calls, what it divides, what it reads.
import type { ASTNode } from '@marcbachmann/cel-js';

export type Path = readonly string[];

/** Every node, parents first. */
function nodesOf(node: ASTNode): readonly ASTNode[] {
  return [node, ...childrenOf(node).flatMap(nodesOf)];
}

function childrenOf(node: ASTNode): readonly ASTNode[] {
  const found: ASTNode[] = [];
  const collect = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(collect);
    else if (isNode(value)) found.push(value);
  };
  collect(node.args);
  return found;
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}

/** Calls of a function or method. */
export function callsOf(ast: ASTNode, name: string): readonly ASTNode[] {
  return nodesOf(ast).filter((node) => (node.op === 'call' || node.op === 'rcall') && node.args[0] === name);
}

/** Divisions whose two sides are whole numbers. To be asked after the type check, which leaves its types on the nodes. */
export function divisionsOf(ast: ASTNode): readonly ASTNode[] {
  return nodesOf(ast).filter((node) => node.op === '/' && node.args.every((side) => typeOn(side) === 'int'));
}

function typeOn(node: ASTNode): string {
  return 'checkedType' in node ? String(node.checkedType) : '';
}

/** What must have a value before the expression can be evaluated. `has(…)` asks for presence itself. */
export function pathsOf(ast: ASTNode): readonly Path[] {
  if (ast.op === 'call' && ast.args[0] === 'has') return [];
  const path = chainOf(ast);
  return path === null ? childrenOf(ast).flatMap(pathsOf) : [path];
}

function chainOf(node: ASTNode): Path | null {
  if (node.op === 'id') return [node.args];
  if (node.op !== '.') return null;
  const base = chainOf(node.args[0]);
  return base === null ? null : [...base, node.args[1]];
}
