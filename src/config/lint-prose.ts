// What the words of a runbook promise or leave open: a recent backup without an age, a drill that points production elsewhere, a message
// that promises what is lost. Words are judged by patterns in English and Portuguese; everything here warns.
import type { Step } from '../domain/ir.ts';
import type { Component } from '../domain/system.ts';
import type { RunbookDraft } from './draft.ts';
import type { Problems } from './problems.ts';
import { entryAt } from './read.ts';
import type { Span } from './source-text.ts';
import { lineAt, spanOfLine } from './source-text.ts';

export function lintProse(draft: RunbookDraft, problems: Problems): void {
  lintBackupAge(draft, problems);
  lintDrillSteps(draft, problems);
  lintClaims(problems);
}

const RECENT_BACKUP =
  /\b(?:(?:recent|fresh|up-to-date|latest)\s+(?:\w+\s+){0,2}(?:backup|dump|snapshot)|(?:backup|dump|snapshot)s?\s+(?:is\s+|are\s+)?(?:recent|fresh|recentes?|atualizad[oa]s?|em dia|novos?|frescos?)|(?:recente|último)\s+backup)\b/i;
const AGE = /\b\d+\s*(?:ms|s|m|h|d|w|min\w*|hours?|horas?|days?|dias?|weeks?|semanas?)\b/i;

/** "Recent" is last night for one and last month for another. */
function lintBackupAge(draft: RunbookDraft, problems: Problems): void {
  const seen = new Set<number>();
  const tell = (span: Span): void => {
    if (seen.has(span.start)) return;
    seen.add(span.start);
    problems.warn('backup-age-undeclared', span, 'a recent backup: how old may it be?', {
      hint: 'Say an age, such as "a backup younger than 24h", so that it can be checked.',
    });
  };
  for (const [index, guard] of draft.runbook.require.entries()) {
    const said = `${guard.text} ${'ask' in guard ? guard.ask : guard.expect}`;
    if (RECENT_BACKUP.test(said) && !AGE.test(said)) tell(entryAt(draft.front, ['require', index]).value.span);
  }
  forLinesOfProse(draft, problems, (text, span) => {
    if (/^\s*(?:[-*+]|\d+[.)])\s/.test(text) && RECENT_BACKUP.test(text) && !AGE.test(text)) tell(span);
  });
}

const DRILL = /\b(?:drill|game ?day|simula[çc][ãa]o|simulado|exerc[íi]cio|ensaio)\b/i;
const POINTS_AWAY = /\b(?:point|repoint|switch|redirect|apont\w+|redirecion\w+|vir(?:ar|e)|trocar?)\b/i;
const ELSEWHERE = /\b(?:staging|homologa[çc][ãa]o|teste|test|copy|c[óo]pia)\b/i;
const SERVICES = /\b(?:services?|servi[çc]os?|api|worker|scheduler|prod|production|produ[çc][ãa]o)\b/i;
const CLONED = /\b(?:clone|cloned|clonad\w+|c[óo]pias? d[oe]s? servi|copies of|staging services?|servi[çc]os? de (?:staging|teste))\b/i;

/** Production services that are pointed at staging serve customers from staging. */
function lintDrillSteps(draft: RunbookDraft, problems: Problems): void {
  for (const phase of draft.runbook.phases) {
    const isDrill = DRILL.test(`${phase.title} ${phase.text} ${draft.runbook.title}`);
    for (const step of phase.steps) {
      if (!isDrill && !DRILL.test(step.title)) continue;
      const said = sayings(step).find(
        (text) => POINTS_AWAY.test(text) && ELSEWHERE.test(text) && SERVICES.test(text) && !CLONED.test(text),
      );
      const place = draft.steps.get(step.id);
      if (said === undefined || place === undefined) continue;
      problems.warn('drill-touches-prod', place.heading, 'a drill points services of production somewhere else', {
        hint: 'Use cloned services for the drill, or make it a step of its own behind an approve step.',
      });
    }
  }
}

function sayings(step: Step): readonly string[] {
  return [step.title, ...(step.kind === 'manual' ? step.checks : [])];
}

export const NOTHING_LOST =
  /\b(?:no|none of (?:the|your))\s+(?:\w+\s+){0,3}(?:(?:is|are|was|were|will be|has been|have been)\s+)?lost\b|\bnothing\s+(?:\w+\s+){0,3}lost\b|\bwithout (?:any )?loss\b|\bnenhum\w*\s+(?:\p{L}+\s+){0,4}perdid\w+|\bnada\s+(?:\p{L}+\s+){0,3}perdid\w+|\bsem (?:nenhuma )?perda\b/iu;
const SAYS_LOST =
  /\b(?:are|is|will be|get|be)\s+(?:\*\*)?lost\b|\b(?:s[ãa]o|ser[ãa]o|est[ãa]o|ficam)\s+(?:\*\*)?perdid\w+|:\s*(?:\p{L}+\s+){0,3}perdid\w+/iu;

/** One message promises that nothing is lost, and the same file says what is. */
function lintClaims(problems: Problems): void {
  const lost: string[] = [];
  forLines(problems, (text) => {
    if (SAYS_LOST.test(text) && !NOTHING_LOST.test(text)) lost.push(text.trim().replace(/^[-*+]\s+/, ''));
  });
  if (lost[0] !== undefined) claimsIn(problems, `the runbook says: ${lost[0]}`);
}

/** Lines of the file that promise that nothing is lost. */
export function claimsIn(problems: Problems, why: string): void {
  forLines(problems, (text, span) => {
    if (!NOTHING_LOST.test(text)) return;
    problems.warn('claim-vs-mode', span, `this promises that nothing is lost, and ${why.slice(0, 120)}`, {
      hint: 'Promise only what holds in this mode: say what waits, and what must be sent again.',
    });
  });
}

/** A shared template against what its users' components lose while they are down. */
export function lossOf(components: readonly Component[]): string | null {
  const losing = components.find((one) => one.loses !== undefined && one.loses.length > 0);
  return losing === undefined ? null : `${losing.title} loses ${losing.loses?.join(', ')} while it is down`;
}

function forLines({ source }: Problems, visit: (text: string, span: Span) => void): void {
  let isCommented = false;
  for (let line = 1; line <= source.lineStarts.length; line += 1) {
    const text = lineAt(source, line).slice(0, 2_000);
    if (isCommented || text.trimStart().startsWith('<!--')) {
      isCommented = !text.includes('-->');
      continue;
    }
    const { start, end } = spanOfLine(source, line);
    const indent = text.length - text.trimStart().length;
    if (text.trim() !== '' && !text.trimStart().startsWith('#')) visit(text, { start: start + indent, end });
  }
}

/** Outside the front matter and every fence. */
function forLinesOfProse(draft: RunbookDraft, problems: Problems, visit: (text: string, span: Span) => void): void {
  let fence: string | null = null;
  const frontEnd = draft.front.span.end;
  forLines(problems, (text, span) => {
    const [mark] = /^\s*(?:`{3,}|~{3,})/.exec(text) ?? [];
    if (mark !== undefined) fence = fence === null ? mark.trim().charAt(0) : null;
    else if (fence === null && span.start >= frontEnd) visit(text, span);
  });
}
