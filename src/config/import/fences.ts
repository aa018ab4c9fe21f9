// What stands inside fences of a document: boxes that Markdown does not see, numbered lines, and commands with the comments above them.
import { isPasted } from '../shell-lines.ts';
import { isProhibition } from './topics.ts';

/** Lines count from 0 within the fence. */
export interface FenceBox {
  readonly line: number;
  readonly title: string;
  /** What stands below it, as it is written, without its indentation. */
  readonly body: readonly { readonly line: number; readonly text: string }[];
}

export interface FencePart {
  readonly line: number;
  /** The comment, or null where commands stand alone. */
  readonly comment: string | null;
  readonly number: string | null;
  readonly commands: readonly { readonly line: number; readonly text: string }[];
  readonly notes: readonly { readonly line: number; readonly text: string }[];
  readonly lines: readonly string[];
}

const BOX = /^\s*(?:[-*+]\s+)?\[[ xX]?\]\s+(\S.*)$/;

export function hasBoxes(value: string): boolean {
  return value.split('\n').some((line) => BOX.test(line));
}

/** `[ ] 1. TITLE`, each with the lines below it; what stands before the first is no box. */
export function boxesOf(value: string): { readonly before: readonly string[]; readonly boxes: readonly FenceBox[] } {
  const before: string[] = [];
  const boxes: { line: number; title: string; body: { line: number; text: string }[] }[] = [];
  for (const [line, text] of value.split('\n').entries()) {
    const [, title] = BOX.exec(text) ?? [];
    const open = boxes.at(-1);
    if (title !== undefined) boxes.push({ line, title: title.trim(), body: [] });
    else if (open === undefined) before.push(text);
    else open.body.push({ line, text });
  }
  return { before, boxes };
}

/** Lines `1. …` of a fence that is no program. */
export function numberedLines(value: string): readonly { readonly line: number; readonly text: string }[] {
  return value.split('\n').flatMap((text, line) => {
    const [, said] = /^\s*\d{1,2}[.)]\s+(\S.*)$/.exec(text) ?? [];
    return said === undefined ? [] : [{ line, text: said.trim() }];
  });
}

const COMMENT = /^\s*(?:#+|--+|\/\/+)\s?(.*)$/;
const RESULT =
  /^(?:esperado|deve|devem|expected|should|must (?:return|be|show)|retorn\w+|returns?|sa[íi]da|output|formato?|format|exemplo|ex|example|e\.g|ou seja|i\.e|→|->|=>|importante|obs|nota|note|isto|this)\b|^(?:→|->|=>)/i;
/** Where the next command runs, or what it is told: nothing of its own. */
const ASIDE = /^\s*(?:cd|echo|export|source|set|EOF)\b/;
const ASSIGNMENT = /^\s*(?:export\s+)?[A-Za-z_][A-Za-z0-9_]*=\S*/;

/** A fence of variables: nothing in it is done. */
export function isVariables(value: string): boolean {
  const lines = value.split('\n').filter((line) => line.trim() !== '' && !COMMENT.test(line));
  return lines.length > 0 && lines.filter((line) => ASSIGNMENT.test(line)).length * 2 >= lines.length && lines.length > 1;
}

export function isCommands(tag: string, value: string): boolean {
  if (!isPasted(tag) || isVariables(value)) return false;
  // Without a tag it is a program only if it looks like one.
  return tag !== '' || value.split('\n').some((line) => PROGRAM.test(line.trim()));
}

const PROGRAM =
  /^(?:\$\s|sudo\s|(?:git|docker|docker-compose|kubectl|helm|npm|npx|pnpm|yarn|pm2|curl|wget|ssh|scp|psql|pg_dump|pg_restore|mysql|mongorestore|mongodump|redis-cli|heroku|railway|vercel|flyctl|aws|gcloud|az|systemctl|service|supabase|alembic|poetry|python3?|node|make|terraform|ansible\S*|tail|journalctl|gzip|gunzip|tar|cp|mv|rm)\s|(?:INSERT|UPDATE|DELETE|SELECT|ALTER|COPY|CREATE|DROP|TRUNCATE)\s)/;

/** A comment begins a part; a blank line ends one. Comments that tell what to expect belong to the command above. */
export function partsOf(value: string): readonly FencePart[] {
  const parts: Open[] = [];
  let open: Open | null = null;
  let isAfterBlank = true;
  let continued = false;
  const begin = (line: number): Open => {
    const made: Open = { line, comment: null, number: null, commands: [], notes: [], lines: [] };
    parts.push(made);
    return made;
  };
  for (const [line, text] of value.split('\n').entries()) {
    if (text.trim() === '') {
      open?.lines.push(text);
      isAfterBlank = true;
      continued = false;
      continue;
    }
    const [, comment] = continued ? [] : (COMMENT.exec(text) ?? []);
    if (comment !== undefined) open = takeComment(comment.trim(), line, { open, isAfterBlank, begin });
    else {
      if (open === null || (isAfterBlank && open.commands.length > 0)) open = begin(line);
      if (continued || isInside(open, text) || ASIDE.test(text)) open.notes.push({ line, text: text.trim() });
      else open.commands.push({ line, text: text.trim() });
    }
    open?.lines.push(text);
    continued = text.trimEnd().endsWith('\\');
    isAfterBlank = false;
  }
  return parts.map((part) => ({ ...part, lines: withoutEnd(part.lines) }));
}

interface Open {
  line: number;
  comment: string | null;
  number: string | null;
  commands: { line: number; text: string }[];
  notes: { line: number; text: string }[];
  lines: string[];
}

function takeComment(
  comment: string,
  line: number,
  o: { readonly open: Open | null; readonly isAfterBlank: boolean; readonly begin: (line: number) => Open },
): Open | null {
  if (comment === '') return o.open;
  const [, number, said = comment] = /^(\d{1,2})[.)]\s+(.*)$/.exec(comment) ?? [];
  const isNumbered = number !== undefined;
  const joins =
    o.open !== null &&
    !isNumbered &&
    !o.isAfterBlank &&
    (RESULT.test(comment) || (o.open.commands.length === 0 && o.open.comment !== null) || isProhibition(comment));
  if (joins && o.open !== null) {
    o.open.notes.push({ line, text: comment });
    return o.open;
  }
  const part = o.begin(line);
  part.comment = said.trim() === '' ? comment : said.trim();
  part.number = number ?? null;
  return part;
}

/** The further lines of a statement, a heredoc or a quoted body are no commands of their own. */
function isInside(open: Open, text: string): boolean {
  const last = open.commands.at(-1)?.text;
  if (last === undefined) return false;
  if (/^\s+\S/.test(text) || /^[)}\]'";]/.test(text)) return true;
  const isSql = /^(?:INSERT|UPDATE|DELETE|SELECT|ALTER|COPY|CREATE|WITH)\b/i.test(last);
  const ends = [last, ...open.notes.map((note) => note.text)].some((line) => line.endsWith(';'));
  return isSql && !ends;
}

function withoutEnd(lines: readonly string[]): readonly string[] {
  const last = lines.findLastIndex((line) => line.trim() !== '');
  return lines.slice(0, last + 1);
}
