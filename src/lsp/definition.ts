// Where a name is written, and what: a trigger, a target, a role, a template, a runbook, a step. Which of them a word names, the
// compiler says.

import type { RunbookDraft } from '../config/draft.ts';
import type { Look } from '../config/look.ts';
import { entryAt } from '../config/read.ts';
import { entriesOf } from '../config/schema.ts';
import type { SourceText, Span } from '../config/source-text.ts';
import { lineAt, positionAt } from '../config/source-text.ts';
import type { Value } from '../config/yaml.ts';
import { expressionId } from '../domain/condition-names.ts';
import type { Document } from './document.ts';
import { wordAt } from './document.ts';
import type { Answer, Workspace } from './workspace.ts';

export interface Definition {
  readonly source: SourceText;
  readonly span: Span;
  readonly what: string;
}

/** Of what belay.yaml declares under an id. */
const SECTIONS: Readonly<Record<string, string>> = {
  target: 'targets',
  switch: 'switches',
  proxy: 'proxies',
  service: 'services',
  integration: 'integrations',
  intake: 'intake',
  database: 'databases',
  source: 'sources',
  window: 'windows',
  secret: 'secrets',
  suite: 'suites',
  bucket: 'buckets',
  synthetic: 'synthetics',
  flag: 'flags',
  config: 'config',
  organization: 'organizations',
  component: 'components',
  signal: 'signals',
  channel: 'channels',
  audience: 'audiences',
  clock: 'clocks',
  person: 'people',
  role: 'people',
  action: 'actions',
  trigger: 'triggers',
};

export async function definitionAt(workspace: Workspace, doc: Document, offset: number): Promise<Definition | null> {
  const root = workspace.rootOf(doc.file);
  if (root === null) return null;
  const answers = await workspace.ask(doc, offset);
  const look = await workspace.look(root);
  for (const answer of answers) {
    const named = nameIn(answer, doc, offset);
    if (named === null) continue;
    const found = locate(look, doc, { ...named, offset });
    if (found !== null) return found;
  }
  return null;
}

interface Named {
  readonly what: string;
  readonly name: string;
}

interface Sought extends Named {
  /** From where. */
  readonly offset: number;
}

/** What the word names, if the compiler knows it. */
function nameIn({ diagnostic, known, question }: Answer, doc: Document, offset: number): Named | null {
  if (diagnostic.rule === 'condition' || diagnostic.rule === 'unknown-ref') return referenceIn(doc, offset);
  const { text } = question.word;
  const [, what] = /^unknown-(.+)$/.exec(diagnostic.rule) ?? [];
  return what !== undefined && known.includes(text) ? { what, name: text } : null;
}

/** `{steps.answers.out.ok}`, `{component.shop.url}`, `{tenant}`, and the same in conditions. */
function referenceIn({ source }: Document, offset: number): Named | null {
  const [root = '', second] = wordAt(source, offset, /[\w.-]/).text.split('.');
  if (root === 'steps' && second !== undefined) return { what: 'step', name: second };
  if (root === 'component' && second !== undefined) return { what: 'component', name: second };
  return { what: 'input', name: root === 'inputs' ? (second ?? '') : root };
}

function locate(look: Look, doc: Document, { what, name, offset }: Sought): Definition | null {
  const drafts = look.loaded?.drafts;
  const draft = draftOf(look, doc);
  // Under `roles` a runbook names those of belay.yaml; everywhere else its own come first.
  if (draft !== null && !(what === 'role' && isUnder(draft.front, 'roles', offset))) {
    const here = inRunbook(draft, what, name);
    if (here !== null) return { source: draft.problems.source, span: here, what };
  }
  if (drafts === undefined) return null;
  if (what === 'runbook') {
    const called = drafts.runbooks.find(({ runbook }) => runbook.id === name);
    return called === undefined ? null : { source: called.problems.source, span: entryAt(called.front, ['id']).value.span, what };
  }
  if (what === 'template') {
    const file = drafts.templates.find((one) => one.id === name);
    if (file !== undefined) return { source: file.source, span: { start: 0, end: 1 }, what };
  }
  if (drafts.system === null) return null;
  if (what === 'trigger') {
    const trigger = drafts.system.triggers.find((one) => one.rule.id === name);
    if (trigger !== undefined) return { source: trigger.problems.source, span: trigger.idSpan, what };
  }
  const span = inSystem(drafts.system.value, what, name);
  return span === null ? null : { source: drafts.source, span, what };
}

export function draftOf(look: Look, { file }: Document): RunbookDraft | null {
  return look.draft ?? look.loaded?.drafts.runbooks.find((one) => one.problems.source.file === file) ?? null;
}

function inRunbook({ front, steps, templatePlaces }: RunbookDraft, what: string, name: string): Span | null {
  if (what === 'step') {
    const step = [...steps.values()].find((one) => expressionId(one.step.id) === expressionId(name));
    return step?.heading ?? null;
  }
  if (what === 'template') return templatePlaces.get(`${name} en`) ?? templatePlaces.get(`${name} pt-BR`) ?? null;
  const section = { role: 'roles', clock: 'clocks', input: 'inputs', evidence: 'evidence' }[what];
  return section === undefined ? null : keyOrItem(front, section, name);
}

function inSystem(value: Value, what: string, name: string): Span | null {
  if (what === 'query') {
    for (const database of entriesOf(value, 'databases')) {
      const found = keyOrItem(database.value, 'queries', name);
      if (found !== null) return found;
    }
    return null;
  }
  const role = what === 'role' ? keyOrItem(value, 'roles', name) : null;
  return role ?? keyOrItem(value, SECTIONS[what] ?? '', name);
}

/** The key of a mapping under `section`, or the item of a list. */
function keyOrItem(value: Value, section: string, name: string): Span | null {
  const under = entriesUnder(value, section);
  if (under?.kind === 'map') return under.entries.find((one) => one.key === name)?.keySpan ?? null;
  if (under?.kind === 'list') return under.items.find((one) => one.kind === 'scalar' && one.value === name)?.span ?? null;
  return null;
}

function isUnder(value: Value, section: string, offset: number): boolean {
  const span = entriesUnder(value, section)?.span;
  return span !== undefined && span.start <= offset && offset <= span.end;
}

function entriesUnder(value: Value, section: string): Value | null {
  return value.kind === 'map' ? (value.entries.find((one) => one.key === section)?.value ?? null) : null;
}

const MOST_LINES = 20;

/** The lines of a definition, as they are written: references to the environment stay references. */
export function excerptOf({ source, span, what }: Definition): { readonly text: string; readonly language: 'yaml' | 'markdown' } {
  const { line } = positionAt(source, span.start);
  const first = lineAt(source, line);
  if (what === 'template' || what === 'step') {
    const lines = Array.from({ length: MOST_LINES }, (_, at) => lineAt(source, line + at)).slice(0, source.lineStarts.length - line + 1);
    const end = lines.findIndex((text, at) => at > 0 && /^#{1,3} /.test(text));
    return { text: (end === -1 ? lines : lines.slice(0, end)).join('\n').trimEnd(), language: 'markdown' };
  }
  const indent = first.search(/\S/);
  const lines = [first.slice(Math.max(0, indent))];
  for (let at = line + 1; at <= source.lineStarts.length && lines.length < MOST_LINES; at += 1) {
    const text = lineAt(source, at);
    if (text.trim() !== '' && text.search(/\S/) <= indent) break;
    lines.push(text.slice(indent));
  }
  return { text: lines.join('\n').trimEnd(), language: 'yaml' };
}
