// Triggers as text: one block a trigger with its worst scopes, or one scope with its evidence and its explanation.

import type { Explanation } from '../domain/explanation.ts';
import type { Instant } from '../domain/json.ts';
import type { Lang } from '../domain/system.ts';
import { explanationLines, figureText } from '../domain/text/explanations.ts';
import { evidenceText, isOver, limitText, modeWord, rowWord, untriedText } from '../domain/text/trigger-texts.ts';
import type { ShownState, TriggerRow, TriggerSummary } from '../domain/trigger-list.ts';
import { span } from './clock-text.ts';
import { joined } from './incident-page.ts';
import type { Look } from './output.ts';
import { utcMinute } from './silence-text.ts';
import { countsText } from './status-text.ts';
import { pad, wrap } from './text-layout.ts';
import { type Words, wordsOf } from './words.ts';

/** What `GET /v1/triggers` answers. */
export interface ListedTriggers {
  readonly now: Instant;
  readonly summaries: readonly TriggerSummary[];
  readonly triggers: readonly TriggerRow[];
  readonly total: number;
  readonly next: number | null;
}

type Page = Look & { readonly lang: Lang };

export function triggersText({ now, summaries, triggers, total }: ListedTriggers, page: Page): string {
  const words = wordsOf(page.lang);
  if (summaries.length === 0) return words.nothingMeasured;
  const blocks = summaries.map((one) => [
    ...summaryLines(one, now, page, words),
    ...triggers.filter((row) => row.trigger === one.trigger).flatMap((row) => rowLines(row, page)),
  ]);
  const rest = total - triggers.length;
  return [...blocks.map((block) => block.join('\n')), ...(rest > 0 ? [page.colour.dim(`+${rest}  ${words.moreScopes}`)] : [])].join('\n\n');
}

function summaryLines(one: TriggerSummary, now: Instant, page: Page, words: Words): readonly string[] {
  const { colour, marks, lang, width } = page;
  const facts = [
    limitText(one, lang) ?? words.byPeople,
    one.mode === 'shadow' ? modeWord(one.mode, lang) : '',
    one.untried ? untriedText(lang) : '',
    lookedText(one, now, page),
    one.silencedUntil === null ? '' : `${words.silence} ${words.until} ${utcMinute(one.silencedUntil)}`,
  ].filter((fact) => fact !== '');
  const counts = one.seen === 0 ? words.nothingMeasured : countsText(one.counts, page, words);
  return [`${colour.bold(one.trigger)}  ${counts}`, ...joined(facts, ` ${marks.dot} `, width - 2).map((line) => `  ${line}`)];
}

function lookedText({ lastEvaluatedAt, oldAfterMs }: TriggerSummary, now: Instant, { lang }: Page): string {
  const words = wordsOf(lang);
  if (lastEvaluatedAt === null || oldAfterMs === null) return '';
  const age = now - lastEvaluatedAt;
  return `${words.looked} ${fineSpan(age, lang)} ${words.ago}${age > oldAfterMs ? `: ${words.lateLook}` : ''}`;
}

/** `0.4 s` below ten seconds: whether it is a moment or a while makes the difference. */
const fineSpan = (ms: number, lang: Lang): string =>
  ms < 10_000
    ? `${new Intl.NumberFormat(lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(Math.max(0, ms) / 1_000)} s`
    : span(ms);

const MARK = { breached: 'failed', suspect: 'waiting', unknown: 'unknown', warming: 'pending', cleared: 'undone', ok: 'done' } as const;

function rowLines(row: TriggerRow, { colour, marks, lang, width }: Page): readonly string[] {
  const paint = isOver(row) ? colour.yellow : painterOf(row.state, colour);
  const value = row.value === null ? '-' : figureText(row.value, row.kind, lang);
  const facts = [
    `${marks[isOver(row) ? 'waiting' : MARK[row.state]]} ${rowWord(row, lang)}`,
    value,
    evidenceText(row, lang) ?? '',
    row.silencedUntil === null ? '' : `${wordsOf(lang).silence} ${wordsOf(lang).until} ${utcMinute(row.silencedUntil)}`,
  ].filter((fact) => fact !== '');
  const name = row.scope === '' ? '*' : row.scope;
  const [first = '', ...more] = wrap(facts.join(` ${marks.dot} `), Math.max(24, width - 20));
  return [`  ${pad(name, 16)}  ${paint(first)}`, ...more.map((line) => `${' '.repeat(20)}${line}`)];
}

function painterOf(state: ShownState, colour: Page['colour']): (text: string) => string {
  if (state === 'breached') return colour.red;
  return state === 'suspect' || state === 'unknown' ? colour.yellow : (text) => text;
}

/** One scope, with the sentences of `belay explain`. */
export function triggerText(
  { now, summary, row }: { readonly now: Instant; readonly summary: TriggerSummary; readonly row: TriggerRow | null },
  explained: { readonly explanations: readonly Explanation[]; readonly zone: string; readonly nameOf: (scope: string) => string },
  page: Page,
): string {
  const words = wordsOf(page.lang);
  const lines = summaryLines(summary, now, page, words);
  if (row === null) return lines.join('\n');
  const why = explained.explanations
    .slice(0, 1)
    .flatMap((one) => explanationLines(one, { lang: page.lang, zone: explained.zone, nameOf: explained.nameOf }))
    .flatMap((line) => wrap(line, page.width));
  return [...lines, ...rowLines(row, page), '', ...why].join('\n');
}
