// What is said of the word under the pointer: its page, how long a duration is, or where and how the thing is written that it names.
import path from 'node:path';
import { positionAt } from '../config/source-text.ts';
import { formatDuration } from '../domain/time-text.ts';
import { parseDuration } from '../domain/units.ts';
import { definitionAt, excerptOf } from './definition.ts';
import type { Document, Part, Word } from './document.ts';
import { partAt, wordAt } from './document.ts';
import { actionHelp, driverHelp, type Helping, keyHelp, kindHelp, probeHelp } from './help.ts';
import { wordsOf } from './words.ts';
import type { Workspace } from './workspace.ts';
import { yamlPlaceAt } from './yaml-path.ts';

export interface Hover {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export async function hoverAt(workspace: Workspace, doc: Document, offset: number, o: Helping): Promise<Hover | null> {
  const part = partAt(doc, offset);
  const word = wordAt(doc.source, offset);
  if (word.text === '') return null;
  const text = helpOf(doc, part, word, o) ?? (await named(workspace, doc, offset, o));
  return text === null || text === '' ? null : { text, start: word.start, end: word.end };
}

function helpOf(doc: Document, part: Part, word: Word, o: Helping): string | null {
  if (part.kind === 'prose') return null;
  if (part.kind === 'fence') {
    if (word.text === part.words?.[0]) return kindHelp(word.text, o);
    return part.words?.[0] === 'do' && word.text === part.words[1] ? actionHelp(word.text, o) : null;
  }
  const { path: keys, isKey } = yamlPlaceAt(doc.source, part, word.start);
  if (isKey && /^["']?\s*:/.test(doc.source.text.slice(word.end)))
    return keyHelp({ doc, part, path: keys, key: word.text, start: word.start }, o);
  const last = keys.at(-1);
  if (last === 'probe') return probeHelp(word.text, o);
  if (last === 'do') return actionHelp(word.text, o);
  if (last === 'driver') return driverHelp(keys[0] ?? '', word.text, o);
  const duration = parseDuration(word.text);
  return duration.ok ? `\`${word.text}\` = ${formatDuration(duration.value, o.lang)}` : null;
}

async function named(workspace: Workspace, doc: Document, offset: number, o: Helping): Promise<string | null> {
  const definition = await definitionAt(workspace, doc, offset);
  if (definition === null) return null;
  const { source, span } = definition;
  const { text, language } = excerptOf(definition);
  const place = `${path.basename(source.file)}:${positionAt(source, span.start).line}`;
  const fence = '`'.repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([run]) => run.length + 1)));
  const section = /^\w+/.exec(source.text.slice(topOf(source.text, span.start)))?.[0] ?? '';
  const driver = driverIn(text) ?? null;
  const page = driver === null ? null : driverLink(section, driver, o);
  return [`${fence}${language}\n${text}\n${fence}`, wordsOf(o.lang).written(place), ...(page === null ? [] : [page])].join('\n\n');
}

function driverIn(text: string): string | undefined {
  return /\bdriver:\s*["']?([\w-]+)/.exec(text)?.[1];
}

function driverLink(section: string, driver: string, o: Helping): string | null {
  return driverHelp(section, driver, o)?.split('\n\n').at(-1) ?? null;
}

/** Where the last line begins that starts at the left margin, at or before an offset. */
function topOf(text: string, offset: number): number {
  let at = offset;
  while (at > 0) {
    const start = text.lastIndexOf('\n', at - 1) + 1;
    if (/[A-Za-z]/.test(text.charAt(start))) return start;
    at = start - 1;
  }
  return 0;
}
