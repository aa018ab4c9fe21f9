// Judges the form of one file from its text: head comment, length, titles of tests, words, places. Refuses to know the repository.
import ts from 'typescript';
import { lineOf, nodes, parse } from './source.ts';

export function hasHeadComment(text: string): boolean {
  const [first = ''] = text.replace(/^#!.*\n/, '').split('\n');
  return /^(\/\/|\/\*)\s*\S/.test(first) && !/^\/\/ (oxlint|biome|eslint|@ts)/.test(first);
}

export function lineCount(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}

/** Titles of `test` and `it` that stand twice in a file; of a table (`test.each`) the template counts once. */
export function repeatedTitles(file: string, text?: string): readonly string[] {
  const source = parse(file, text);
  const seen = new Set<string>();
  const repeated: string[] = [];
  for (const node of nodes(source)) {
    const title = titleOf(node, source);
    if (title === null) continue;
    if (seen.has(title)) repeated.push(`${file}:${lineOf(node)} "${title}"`);
    seen.add(title);
  }
  return repeated;
}

function titleOf(node: ts.Node, source: ts.SourceFile): string | null {
  if (!ts.isCallExpression(node)) return null;
  const callee = node.expression.getText(source).replace(/\([\s\S]*\)$|`[\s\S]*`$/, '');
  const [first] = node.arguments;
  if (!/^(test|it)(\.\w+)*$/.test(callee) || /\.each$|\.for$/.test(node.expression.getText(source)) || first === undefined) return null;
  return ts.isStringLiteralLike(first) ? first.text : null;
}

// Spelled in pieces, so that this file does not accuse itself.
const PLACES: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['a path of one machine', /(?<![\w.$:}/-])\/(?:work|root|home\/\w+|Users\/\w+)\/[\w.]+/],
  ['a folder outside the repository', /(?<![\w-])(?:\.\.\/)*shared\/(?:design|mission|api|tools|acceptance)/],
  ['a package registry host', /https?:\/\/registry\.[\w.-]+|"resolved":\s*"http/],
];

export function placesIn(text: string): readonly string[] {
  return PLACES.flatMap(([what, pattern]) => {
    const line = text.split('\n').findIndex((candidate) => pattern.test(candidate));
    return line === -1 ? [] : [`line ${line + 1}: ${what}`];
  });
}

const DRAWERS = /(^|[/-])(utils?|commons?|helpers?|managers?|misc)(?=[-./]|$)/i;

export function drawerName(file: string): string | null {
  return DRAWERS.exec(file)?.[2] ?? null;
}

/** An adapter keeps a port, a driver is what a runbook names of it: the three other words mean nothing here. */
export function strayWords(file: string, text?: string): readonly string[] {
  const source = parse(file, text);
  const stray = /provider|plug-?in|connector/i;
  const found = nodes(source).filter((node): node is ts.Identifier => ts.isIdentifier(node) && stray.test(node.text) && ownsName(node));
  return found.map((node) => `${file}:${lineOf(node)} ${node.text}`);
}

// Names that another package gave (imports, properties of its objects) are not ours to choose.
function ownsName(node: ts.Identifier): boolean {
  const { parent } = node;
  const named =
    (ts.isVariableDeclaration(parent) || ts.isParameter(parent) || ts.isFunctionDeclaration(parent) || ts.isInterfaceDeclaration(parent)) &&
    parent.name === node;
  return (
    named || ((ts.isTypeAliasDeclaration(parent) || ts.isPropertySignature(parent) || ts.isMethodSignature(parent)) && parent.name === node)
  );
}
