// What the list and the card of triggers share: the mark of a state, the age of the last look, a silence.
import { figureText } from '../../domain/text/explanations.ts';
import { isOver, modeWord, rowWord, stateWord } from '../../domain/text/trigger-texts.ts';
import type { ShownState, TriggerRow, TriggerSummary } from '../../domain/trigger-list.ts';
import { type Icon, icon } from '../icons.ts';
import { html, type Markup, none } from '../markup.ts';
import { fineSpan, timeTag } from '../times.ts';
import { TRIGGER_WORDS } from '../trigger-words.ts';
import type { PageContext } from './layout.ts';

const MARK: Readonly<Record<ShownState, Icon>> = {
  breached: 'warn',
  suspect: 'question',
  unknown: 'ring',
  warming: 'half',
  cleared: 'back',
  ok: 'check',
};

/** Shape, word and colour. */
export function stateBadge({ lang }: PageContext, state: ShownState): Markup {
  return html`<span class="state-badge is-${state}">${icon(MARK[state])} ${stateWord(state, lang)}</span>`;
}

/** Of one scope: beyond its limit without evidence is not shown as fine. */
export function rowBadge(context: PageContext, row: Pick<TriggerRow, 'state' | 'overLimit'>): Markup {
  if (!isOver(row)) return stateBadge(context, row.state);
  return html`<span class="state-badge is-suspect">${icon('half')} ${rowWord(row, context.lang)}</span>`;
}

/** In the words of domain/text, with spaces at which no line breaks before a unit. */
export const joinedUnits = (text: string): string => text.replaceAll(/(?<=\d) (?=%|s\b|min\b|h\b|ms\b)/g, '\u00a0');

export function valueText(value: number | null, kind: TriggerRow['kind'], { lang }: PageContext): string {
  return value === null ? '–' : joinedUnits(figureText(value, kind, lang));
}

export function modeBadge({ lang }: PageContext, mode: TriggerRow['mode']): Markup {
  return html`<span class="mode-badge is-${mode}">${modeWord(mode, lang)}</span>`;
}

/** `looked 0.4 s ago`; one that is late says so in a word. */
export function lookedText(
  { clock, lang, w }: PageContext,
  { lastEvaluatedAt, oldAfterMs }: Pick<TriggerSummary, 'lastEvaluatedAt' | 'oldAfterMs'>,
): Markup {
  if (lastEvaluatedAt === null || oldAfterMs === null) return none;
  const t = TRIGGER_WORDS[lang];
  const age = clock.now - lastEvaluatedAt;
  const isOld = age > oldAfterMs;
  return html`<span class="looked${isOld ? ' is-old' : ''}" data-looked="${lastEvaluatedAt}" data-old-after="${oldAfterMs}">${t.looked} <span data-since="${lastEvaluatedAt}" data-fine>${fineSpan(age, lang)}</span> ${w.ago}<b class="old-word"${isOld ? none : html` hidden`}> · ${t.late}</b></span>`;
}

export function silencedText({ clock, lang }: PageContext, until: number | null): Markup {
  if (until === null) return none;
  const t = TRIGGER_WORDS[lang];
  return html`<span class="silenced">${icon('minus')} ${t.silencedUntil} ${timeTag(until, clock)}: ${t.silencedWhat}</span>`;
}
