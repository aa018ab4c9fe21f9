// Changes of an object literal in its text: a value is replaced where it stands, a new key comes last, a removed one takes its comma along.
import type { SettingValue } from '../../domain/setting.ts';
import { type Changes, FormatProblem } from './format.ts';
import type { Dialect, Member, Node, ObjectNode } from './literal.ts';

/** The object that holds the keys. @throws FormatProblem when it is not there */
export function objectUnder(root: Node, under: string | undefined): ObjectNode {
  let node = root;
  for (const key of under === undefined ? [] : under.split('.')) {
    const next = node.kind === 'object' ? node.members.find((one) => one.key === key) : undefined;
    if (next === undefined) throw new FormatProblem(`it has no object ${under}`);
    node = next.value;
  }
  if (node.kind !== 'object') throw new FormatProblem(`${under ?? 'what it holds'} is no object`);
  return node;
}

/** Values only: what is an object or a list is no setting. */
export function valuesOf({ members }: ObjectNode): ReadonlyMap<string, SettingValue> {
  return new Map(members.flatMap(({ key, value }) => (value.kind === 'scalar' && value.value !== null ? [[key, value.value]] : [])));
}

export interface Editing {
  readonly dialect: Dialect;
  /** Reads the object anew: each change moves the places of the others. */
  readonly find: (text: string) => ObjectNode;
}

export function edited(text: string, changes: Changes, { dialect, find }: Editing): string {
  return Object.entries(changes).reduce((now, [key, value]) => editedOne(now, find(now), { key, value, dialect }), text);
}

interface OneChange {
  readonly key: string;
  readonly value: SettingValue | null;
  readonly dialect: Dialect;
}

function editedOne(text: string, object: ObjectNode, { key, value, dialect }: OneChange): string {
  const index = object.members.findIndex((one) => one.key === key);
  const member = object.members[index];
  if (value === null) return member === undefined ? text : without(text, object, index);
  if (member === undefined)
    return withNew(text, object, `${keyText(key, dialect, text, object)}: ${valueText(value, dialect, text, object)}`);
  if (member.value.kind !== 'scalar') throw new FormatProblem(`${key} holds more than a value`);
  return text.slice(0, member.value.start) + valueText(value, dialect, text, object, member) + text.slice(member.value.end);
}

function withNew(text: string, { start, end, members }: ObjectNode, written: string): string {
  const last = members.at(-1);
  if (last === undefined) return `${text.slice(0, start)}{ ${written} }${text.slice(end)}`;
  const line = text.lastIndexOf('\n', last.keyStart) + 1;
  const indent = text.slice(line, last.keyStart);
  const gap = line > start && /^[ \t]*$/.test(indent) ? `${text[line - 2] === '\r' ? '\r\n' : '\n'}${indent}` : ' ';
  return `${text.slice(0, last.value.end)},${gap}${written}${text.slice(last.value.end)}`;
}

function without(text: string, { members }: ObjectNode, index: number): string {
  const [before, member, after] = [members[index - 1], members[index] as Member, members[index + 1]];
  if (after !== undefined) return text.slice(0, member.keyStart) + text.slice(after.keyStart);
  if (before !== undefined) return text.slice(0, before.value.end) + text.slice(member.value.end);
  const comma = /^\s*,/.exec(text.slice(member.value.end))?.[0].length ?? 0;
  return text.slice(0, member.keyStart) + text.slice(member.value.end + comma);
}

function keyText(key: string, dialect: Dialect, text: string, { members }: ObjectNode): string {
  const quoted = members.some(({ keyStart }) => /["']/.test(text[keyStart] ?? ''));
  return dialect === 'typescript' && /^[A-Za-z_$][\w$]*$/.test(key) && !quoted ? key : stringText(key, dialect, text, members);
}

function valueText(value: SettingValue, dialect: Dialect, text: string, { members }: ObjectNode, own?: Member): string {
  return typeof value === 'string' ? stringText(value, dialect, text, own === undefined ? members : [own]) : JSON.stringify(value);
}

/** In the quotes that stand there already. */
function stringText(value: string, dialect: Dialect, text: string, members: readonly Member[]): string {
  const double = JSON.stringify(value);
  const usesDouble = members.some((one) => text[one.value.start] === '"' || text[one.keyStart] === '"');
  if (dialect === 'json' || usesDouble) return double;
  return `'${double.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}
