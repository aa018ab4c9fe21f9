// The form for a backtest: from when to when, of whom, another rule beside the one that is written, and how much work that is.
import { SETTABLE, type Settable } from '../../config/try-rule.ts';
import { organizationName } from '../../domain/incident-view.ts';
import type { System } from '../../domain/system.ts';
import { formatDuration } from '../../domain/time-text.ts';
import type { TriggerRule } from '../../domain/trigger.ts';
import type { Watched } from '../../domain/trigger-list.ts';
import { writeDuration, writePercent, writeRate } from '../../domain/units.ts';
import type { BacktestView } from '../backtest-view.ts';
import { BACKTEST_WORDS } from '../backtest-words.ts';
import type { BacktestAsked, BacktestState, Estimate } from '../backtests.ts';
import { icon } from '../icons.ts';
import { html, type Markup, none } from '../markup.ts';
import { span } from '../times.ts';
import { hidden, type PageContext } from './layout.ts';
import { joinedUnits } from './trigger-marks.ts';

export interface BacktestData {
  readonly watched: Watched;
  readonly state: BacktestState;
  /** What the form is filled with. */
  readonly asked: BacktestAsked;
  /** Null: what is asked cannot be replayed. */
  readonly estimate: Estimate | null;
  readonly mostMs: number | null;
  /** A signal of this kind cannot be replayed; null: it can. */
  readonly hindrance: string | null;
  /** Of the last backtest, if it was of this trigger and came to its end. */
  readonly view: BacktestView | null;
  /** Whose episodes and line were asked for. */
  readonly org: string | undefined;
  readonly offset: number;
  readonly system: System;
}

/** Longer than this is said to be long, and started with another word. */
export const LONG_MS = 2 * 60_000;
const SHOWN_ORGANIZATIONS = 200;

export const backtestPath = (trigger: string): string => `/triggers/${encodeURIComponent(trigger)}/backtest`;

export function formPanel(context: PageContext, data: BacktestData): Markup {
  const { lang } = context;
  const b = BACKTEST_WORDS[lang];
  const { watched, mostMs, state, hindrance } = data;
  const { rule } = watched;
  const wrapped = (inner: Markup): Markup =>
    html`<section class="panel" id="new" aria-labelledby="new-title"><h2 id="new-title">${b.choose}</h2>${inner}</section>`;
  if (hindrance !== null) return wrapped(html`<p>${b.notOf(hindrance)}</p>`);
  if (mostMs === null) return wrapped(html`<p>${b.notHere}</p>`);
  const isFree = state.running === null;
  return wrapped(html`<p class="muted">${b.what}</p>
<form method="post" action="${backtestPath(rule.id)}" class="backtest-form">${hidden(context)}<input type="hidden" name="seen" value="${Math.round(data.estimate?.aboutMs ?? 0)}">
${spanFields(context, data)}
${rule.scope === 'org' ? organizationField(context, data) : none}
${rule.breach === undefined ? none : triedFields(context, data)}
${estimateLines(context, data, mostMs)}
<div id="bt-actions" data-region>${isFree ? none : html`<p class="why-not">${b.oneAtATime}</p>`}<div class="actions">${isFree ? html`<button class="button primary" name="intent" value="start" id="start">${icon('play')} ${isLong(data) ? b.startLong : b.start}</button>` : none}<button class="button plain" name="intent" value="reckon" id="reckon">${b.reckon}</button></div></div>
</form>`);
}

const isLong = ({ estimate }: BacktestData): boolean => estimate !== null && estimate.aboutMs > LONG_MS;

const DAYS = [1, 7, 30] as const;
const DAY_MS = 86_400_000;

function spanFields({ lang, clock }: PageContext, { asked, watched }: BacktestData): Markup {
  const b = BACKTEST_WORDS[lang];
  const field = (name: 'from' | 'to', label: string): Markup =>
    html`<div><label for="bt-${name}">${label}</label><input id="bt-${name}" name="${name}" type="datetime-local" required value="${fieldOf(asked[name], clock.zone)}"></div>`;
  const links = DAYS.map(
    (days) =>
      html`<li><a href="${backtestPath(watched.rule.id)}?days=${days}${asked.org === null ? '' : `&of=${encodeURIComponent(asked.org)}`}#new">${b.last(formatDuration(days * DAY_MS, lang))}</a></li>`,
  );
  return html`<div class="fields">${field('from', b.from)}${field('to', b.to)}</div><p class="muted">${b.zone(clock.zone)}</p><ul class="spans">${links}</ul>`;
}

/** `2026-03-01T03:14`, on the wall clock of the zone. */
function fieldOf(at: number, zone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'short', timeZone: zone }).format(at).replace(' ', 'T');
}

/** A list where there are few; a name to type where a list would be endless. */
function organizationField({ lang }: PageContext, { asked, system }: BacktestData): Markup {
  const b = BACKTEST_WORDS[lang];
  const { organizations } = system;
  const chosen = asked.org ?? '';
  const isListed = organizations.length > 0 && organizations.length <= SHOWN_ORGANIZATIONS;
  const option = (id: string): Markup =>
    html`<option value="${id}"${id === chosen ? html` selected` : none}>${organizationName(system, id)}</option>`;
  const unlisted = chosen === '' || organizations.some((one) => one.id === chosen) ? [] : [chosen];
  const field = isListed
    ? html`<select id="bt-org" name="org"><option value="">${b.everyone}</option>${[...organizations.map((one) => one.id), ...unlisted].map(option)}</select>`
    : html`<input id="bt-org" name="org" maxlength="256" autocomplete="off" spellcheck="false" placeholder="${b.everyone}" value="${chosen}">`;
  return html`<label for="bt-org">${b.org}</label>${field}`;
}

function triedFields({ lang }: PageContext, { asked, watched }: BacktestData): Markup {
  const b = BACKTEST_WORDS[lang];
  const isOpen = Object.keys(asked.set).length > 0;
  const field = (name: Settable): Markup => {
    const now = writtenFigure(watched, name);
    return html`<div><label for="bt-${name}">${b.figures[name]}</label><input id="bt-${name}" name="${name}" maxlength="40" autocomplete="off" spellcheck="false" value="${asked.set[name] ?? ''}" aria-describedby="bt-${name}-now"><small class="muted" id="bt-${name}-now">${now === null ? b.unset : b.is(now)}</small></div>`;
  };
  return html`<details class="tried"${isOpen ? html` open` : none}><summary>${b.try}</summary><p class="muted">${b.tryWhat}</p><div class="fields">${SETTABLE.filter((name) => isOffered(watched.rule, name)).map(field)}</div></details>`;
}

/** A limit in the other direction is another trigger. */
function isOffered({ breach }: TriggerRule, name: Settable): boolean {
  if (name === 'above') return breach?.vs !== undefined || breach?.above !== undefined || breach?.below === undefined;
  return name !== 'below' || (breach?.vs === undefined && breach?.below !== undefined);
}

/** As it would be written in belay.yaml. */
function writtenFigure({ rule, spec }: Watched, name: Settable): string | null {
  const { breach } = rule;
  if (breach === undefined) return null;
  if (name === 'over') return writeDuration(breach.overMs);
  if (name === 'still' || name === 'for') return writeDuration(Math.round(name === 'still' ? breach.stillMs : breach.forMs));
  const value = breach.vs?.times ?? breach[name];
  if (value === undefined) return null;
  if (breach.vs !== undefined) return `${value}x`;
  const { kind } = spec.signal;
  if (kind === 'ratio' || kind === 'fractionAbove') return writePercent(value);
  if (kind === 'rate') return writeRate(value);
  return kind === 'age' || kind === 'absent' ? writeDuration(value * 1_000) : String(value);
}

function estimateLines({ lang }: PageContext, data: BacktestData, mostMs: number): Markup {
  const { estimate, watched } = data;
  if (estimate === null) return none;
  const b = BACKTEST_WORDS[lang];
  const said = {
    scopes: estimate.scopes,
    span: formatDuration(estimate.minutes * 60_000, lang),
    about: roughly(estimate.aboutMs),
    twice: estimate.rules === 2,
  };
  return html`<p id="estimate"><b>${joinedUnits(watched.rule.scope === 'org' ? b.estimate(said) : b.estimateOne(said))}</b> ${b.beside}</p>${isLong(data) ? html`<p class="why-not">${icon('warn')} ${estimate.aboutMs > mostMs ? b.isTooLong(formatDuration(mostMs, lang)) : b.isLong}</p>` : none}`;
}

/** Less than a second is said as one. */
const roughly = (ms: number): string => span(Math.max(1_000, ms));
