// What house tests share: the files of the repository as git knows them, and their syntax trees. Refuses to judge anything.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

export const root = path.resolve(import.meta.dirname, '../..');

/** Tracked files and new ones that are not ignored, so that a rule holds before a commit, too. */
export const files: readonly string[] = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '--deduplicate'], {
  cwd: root,
  encoding: 'utf8',
  maxBuffer: 16_000_000,
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(path.join(root, file)));

export const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

export const isTypeScript = (file: string): boolean => /\.tsx?$/.test(file) && !file.endsWith('.d.ts');

export const under = (...folders: readonly string[]): readonly string[] =>
  files.filter((file) => isTypeScript(file) && folders.some((folder) => file.startsWith(`${folder}/`)));

const parsed = new Map<string, ts.SourceFile>();

/** Without `text`: the file of the repository, parsed once. */
export function parse(file: string, text?: string): ts.SourceFile {
  const known = text === undefined ? parsed.get(file) : undefined;
  if (known !== undefined) return known;
  const source = ts.createSourceFile(file, text ?? read(file), ts.ScriptTarget.ES2023, true);
  if (text === undefined) parsed.set(file, source);
  return source;
}

export function nodes(from: ts.Node): readonly ts.Node[] {
  const found: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(from);
  return found;
}

export function lineOf(node: ts.Node): number {
  const source = node.getSourceFile();
  return source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
}
