// The front matter of an imported runbook: what can be used as it is, and drafts in comments for what a person must say.
import { writeDuration } from '../../domain/units.ts';

export interface Front {
  readonly id: string;
  readonly title: string;
  readonly lang: 'en' | 'pt-BR';
  version: string | null;
  owner: string | null;
  reviewed: string | null;
  reviewBy: string | null;
  readonly clocks: { id: string; budgetMs: number; until: string; line: number }[];
  readonly never: { id: string; text: string; line: number }[];
  readonly require: { id: string; text: string; line: number }[];
  /** Lines of drafts, by the section that they would stand in. */
  readonly drafts: Map<string, string[]>;
}

export function emptyFront(id: string, title: string, lang: Front['lang']): Front {
  return {
    id,
    title,
    lang,
    version: null,
    owner: null,
    reviewed: null,
    reviewBy: null,
    clocks: [],
    never: [],
    require: [],
    drafts: new Map(),
  };
}

const MOST_DRAFTS = 200;

export function addDraft(front: Front, section: string, line: string): void {
  const lines = front.drafts.get(section) ?? [];
  if (lines.length < MOST_DRAFTS) lines.push(line);
  front.drafts.set(section, lines);
}

/** What each commented section wants, for the reader of the file. */
const ABOUT: Readonly<Record<string, string>> = {
  triggers: 'Which signal measures each? Declare signals in belay.yaml, then take the # away.',
  roles: 'Which role of belay.yaml is each? Then take the # away.',
  components: 'Targets of components: they belong into belay.yaml.',
  people: 'People and outside help: they belong into belay.yaml, roles and contacts.',
  audiences: 'Who hears what, how often: they belong into belay.yaml, audiences and severities.',
  estimates: 'How long things take: write "takes:" into the step that each is about.',
  never: 'Warnings and prohibitions of the text: a guard (probe and when), "irreversible:" of a step, or nothing.',
  require: 'What must hold before a later part: write it as "pre:" of its first step, or ask it.',
  evidence: 'Evidence that must be there: name it in the step that gives it, then take the # away.',
  clocks: 'Time limits that begin with something else than the incident.',
  drill: 'Rehearsals.',
};

export function writeFront(front: Front): string {
  const lines = [
    'belay: 1',
    `id: ${front.id}`,
    `title: ${quoted(front.title)}`,
    `version: ${quoted(front.version ?? '0.1.0')}`,
    `lang: ${front.lang}`,
    'visibility: internal',
    ...(front.owner === null ? [] : [`owner: ${quoted(front.owner)}`]),
    ...(front.reviewed === null ? [] : [`reviewed: ${front.reviewed}`]),
    ...(front.reviewBy === null ? [] : [`reviewBy: ${front.reviewBy}`]),
    'start: ask',
  ];
  if (front.clocks.length > 0) lines.push('clocks:', ...front.clocks.map(clockLine));
  if (front.require.length > 0) lines.push('require:', ...front.require.map(guardLine));
  if (front.never.length > 0) lines.push('never:', ...front.never.map(guardLine));
  for (const [section, drafts] of front.drafts) {
    lines.push(`# needs a human: ${ABOUT[section] ?? section}`, `# ${section}:`, ...drafts.map((line) => `#   ${printable(line)}`));
  }
  return ['---', ...lines, '---'].join('\n');
}

function clockLine({ id, budgetMs, until, line }: Front['clocks'][number]): string {
  return `  ${id}: { from: detected, budget: ${writeDuration(budgetMs)}, until: [${until}] }   # line ${line}; needs a human: does that end it?`;
}

function guardLine({ id, text, line }: Front['never'][number]): string {
  return `  - { id: ${id}, text: ${quoted(text)}, ask: ${quoted(`${text.replace(/[.?;:]+$/, '')}?`)} }   # line ${line}`;
}

/** A text of YAML that needs no thought. */
export function quoted(text: string): string {
  return JSON.stringify(printable(text)).replace(/[\u007f-\u009f\u2028\u2029\ufeff]/g, ' ');
}

function printable(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029\ufeff]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}
