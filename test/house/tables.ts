// Reads the tables of docs/reference and the lists in the code that they must equal. Refuses to compare them.
import ts from 'typescript';
import { nodes, parse, read } from './source.ts';

/** The first cell of each table row of a Markdown file, where it is `code`. */
export function firstCells(file: string): readonly string[] {
  return rows(file).map(([first]) => first);
}

/** Rows whose first cell is `code`: [code, the other cells]. */
export function rows(file: string): readonly (readonly [first: string, ...rest: string[]])[] {
  return read(file)
    .split('\n')
    .flatMap((line) => {
      const match = /^\|\s*`([^`]+)`\s*\|(.*)\|\s*$/.exec(line);
      return match === null ? [] : [[match[1] ?? '', ...(match[2] ?? '').split('|').map((cell) => cell.trim())] as const];
    });
}

/** The names of the members of an interface. */
export function membersOf(file: string, name: string): readonly string[] {
  const found = nodes(parse(file)).find((node) => ts.isInterfaceDeclaration(node) && node.name.text === name);
  if (found === undefined || !ts.isInterfaceDeclaration(found)) return [];
  return found.members.flatMap((member) =>
    member.name !== undefined && (ts.isStringLiteral(member.name) || ts.isIdentifier(member.name)) ? [member.name.text] : [],
  );
}

export function twice(names: readonly string[]): readonly string[] {
  return names.filter((name, at) => names.indexOf(name) !== at);
}
