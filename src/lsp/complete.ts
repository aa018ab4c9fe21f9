// What may be written at a place: what the compiler says of the mark, with what the reference says of each word.
import { ACTIONS, PROBES } from '../domain/catalog.ts';
import { STEP_KINDS } from '../domain/ir.ts';
import { type Question, questionsAt } from './asking.ts';
import type { Document, Part } from './document.ts';
import { partAt } from './document.ts';
import { actionHelp, callAround, driverHelp, type Helping, keyHelp, kindHelp, probeHelp } from './help.ts';
import type { Workspace } from './workspace.ts';
import { yamlPlaceAt } from './yaml-path.ts';

export interface Suggestion {
  readonly label: string;
  readonly kind: 'key' | 'value' | 'kind' | 'action' | 'probe';
  /** What stands there afterwards, from `start` to `end` of the document's own text. */
  readonly insert: string;
  readonly start: number;
  readonly end: number;
  readonly help: string | null;
}

/** Editors show a few; a list of ten thousand organizations helps nobody. */
const MOST = 500;

export async function suggestionsAt(workspace: Workspace, doc: Document, offset: number, o: Helping): Promise<readonly Suggestion[]> {
  const answers = await workspace.ask(doc, offset);
  const part = partAt(doc, offset);
  const found = new Map<string, Suggestion>();
  for (const answer of answers.length === 0
    ? fromCatalogs(doc, part, offset)
    : answers.map(({ question, known }) => ({ question, words: known })))
    for (const word of answer.words) {
      if (found.size >= MOST) return [...found.values()];
      const one = suggestion(word, answer.question, { doc, part }, o);
      if (!found.has(`${one.kind} ${word}`)) found.set(`${one.kind} ${word}`, one);
    }
  return [...found.values()];
}

interface Offer {
  readonly question: Question;
  readonly words: readonly string[];
}

/** Without a readable belay.yaml nobody compares names; the catalogs are there all the same. */
function fromCatalogs(doc: Document, part: Part, offset: number): readonly Offer[] {
  return questionsAt(doc, offset).flatMap((question): readonly Offer[] => {
    if (question.as === 'words') {
      const index = part.words?.findIndex((_, at) => wordStart(doc, part, at) >= question.word.start) ?? 0;
      const place = index === -1 ? (part.words?.length ?? 0) : index;
      if (place === 0) return [{ question, words: [...STEP_KINDS, 'template'] }];
      return place === 1 && part.words?.[0] === 'do' ? [{ question, words: Object.keys(ACTIONS) }] : [];
    }
    const { path } = yamlPlaceAt(doc.source, part, question.word.start);
    const last = path.at(-1);
    if (question.as === 'value' && last === 'probe') return [{ question, words: Object.keys(PROBES) }];
    if (question.as === 'value' && last === 'do') return [{ question, words: Object.keys(ACTIONS) }];
    if (question.as !== 'key' || last !== 'with') return [];
    const { kind, name } = callAround(doc, part, question.word.start);
    const catalog = kind === 'probe' ? PROBES : ACTIONS;
    return [{ question, words: Object.hasOwn(catalog, name) ? Object.keys(catalog[name]?.params ?? {}) : [] }];
  });
}

function wordStart({ source }: Document, { from, words }: Part, index: number): number {
  const line = source.lineStarts[from - 1] ?? 0;
  let at = source.text.indexOf('belay', line) + 'belay'.length;
  for (let word = 0; word <= index; word += 1) at = source.text.indexOf(words?.[word] ?? '', word === 0 ? at : at + 1);
  return at;
}

function suggestion(label: string, question: Question, { doc, part }: { doc: Document; part: Part }, o: Helping): Suggestion {
  const { start, end } = question.word;
  const base = { label, insert: label, start, end } as const;
  if (question.as === 'words') {
    const isKind = (STEP_KINDS as readonly string[]).includes(label);
    return isKind ? { ...base, kind: 'kind', help: kindHelp(label, o) } : { ...base, kind: 'action', help: actionHelp(label, o) };
  }
  if (question.as === 'reference') return { ...base, kind: 'value', help: null };
  const { path } = yamlPlaceAt(doc.source, part, start);
  if (question.as === 'key') {
    const isWritten = /^["']?\s*:/.test(doc.source.text.slice(end));
    const help = keyHelp({ doc, part, path, key: label, start }, o);
    return { ...base, kind: 'key', insert: isWritten ? label : `${label}: `, help };
  }
  const last = path.at(-1);
  if (last === 'probe') return { ...base, kind: 'probe', help: probeHelp(label, o) };
  if (last === 'do') return { ...base, kind: 'action', help: actionHelp(label, o) };
  return { ...base, kind: 'value', help: last === 'driver' ? driverHelp(path[0] ?? '', label, o) : null };
}
