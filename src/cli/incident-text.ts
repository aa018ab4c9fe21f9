// One incident as the text of one screen: what, since when, whom, next clock, next action, why not, and what happened.
import type { Event } from '../domain/event.ts';
import { deliveryStateWord, describeEvent, guardText, phaseWord } from '../domain/event-text.ts';
import type { IncidentView } from '../domain/incident-view.ts';
import type { Lang } from '../domain/system.ts';
import { mayOverrideText, overridesText } from '../domain/text/override-texts.ts';
import { bar, clockName, countdown, span, timeOf } from './clock-text.ts';
import { beside, clockOf, headed, joined, type Page, under } from './incident-page.ts';
import { checkLines, stepLines, taskLines } from './incident-steps-text.ts';
import type { Look } from './output.ts';
import { cut, pad, table, wrap } from './text-layout.ts';
import { callText, measureText, shortHash, valueText } from './value-text.ts';
import { reasonText, wordsOf } from './words.ts';

/** `logLines`: how many of the last events are shown. `actions`: what every step would run, too. */
export function incidentText(
  view: IncidentView,
  events: readonly Event[],
  look: Look & { readonly lang: Lang; readonly logLines: number; readonly actions?: boolean },
): string {
  const words = wordsOf(look.lang);
  const page: Page = {
    ...look,
    words,
    view,
    actions: look.actions ?? false,
    column: Math.max(words.nextAction.length, words.ifNothing.length, words.nextClock.length) + 2,
  };
  const blocks = [
    [...headLines(page), ...pauseLines(page)],
    [...clockLines(page), ...actionLines(page), ...approveLines(page), ...nothingLines(page)],
    taskLines(page),
    stepLines(page),
    [...signalLines(page), ...decisionLines(page)],
    checkLines(page),
    [...messageLines(page), ...measureLines(page), ...evidenceLines(page)],
    logLines(page, events, look.logLines),
  ];
  return blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n');
}

function headLines(page: Page): readonly string[] {
  const { view, words, lang, colour, marks, width } = page;
  const { headline } = view;
  const orgs = headline.orgs === 'all' ? words.allOrgs : headline.orgs.map((org) => org.name).join(', ');
  const kind = headline.kind === 'real' ? '' : ` ${headline.kind === 'drill' ? words.drill : words.test}`;
  const paint = headline.open ? (headline.severity === 'P2' ? colour.yellow : colour.red) : colour.green;
  const phase = `${phaseWord(headline.phase, lang)}${headline.onContingency ? `, ${words.onContingency}` : ''}`;
  const when = `${words.since} ${timeOf(headline.since, clockOf(page))} (${span((headline.endedAt ?? view.now) - headline.since)}${headline.endedAt === null ? ` ${words.ago}` : ''})`;
  const facts = [
    orgs,
    headline.components.join(', '),
    when,
    headline.endedAt === null ? '' : `${words.ended} ${timeOf(headline.endedAt, clockOf(page))}`,
    headline.firstBad === null ? '' : `${words.firstBad}: ${headline.firstBad.what} (${timeOf(headline.firstBad.at, clockOf(page))})`,
    headline.roles.map((one) => `${one.role}: ${one.person}`).join(', '),
  ].filter((one) => one !== '');
  return [
    `${paint(colour.bold(`${headline.severity}${kind}`))}  ${colour.bold(view.id)}  ${paint(phase)}`,
    ...wrap(headline.runbook ?? headline.trigger ?? '', width).map((line) => colour.bold(line)),
    ...joined(facts, ` ${marks.dot} `, width),
  ];
}

function pauseLines(page: Page): readonly string[] {
  const { view, words, colour } = page;
  if (!view.pause.paused) return [];
  const who = view.pause.by.map((one) => `${one.who}: ${one.reason}`);
  return [colour.yellow(colour.bold(cut(`${words.paused}  ${[...new Set(who)].join('; ')}`, page.width))), words.pausedWhat];
}

function clockLines(page: Page): readonly string[] {
  const { view, words, colour, marks } = page;
  const [big, ...others] = [...(view.clock === null ? [] : [view.clock]), ...view.otherClocks];
  if (big === undefined) return view.headline.open ? [beside(page, words.nextClock, words.noClock)] : [];
  const nameWidth = Math.max(...[big, ...others].map((one) => clockName(one, words).length));
  const line = (clock: typeof big, withBar: boolean): string => {
    const left = clock.deadline - view.now;
    const late = clock.state === 'late' || left < 0;
    const text = late ? `${words.late} ${countdown(left)}` : `${countdown(left)} ${words.left}`;
    const paint = late ? colour.red : clock.state === 'warned' ? colour.yellow : (plain: string) => plain;
    const shown = paint(withBar ? colour.bold(text) : text);
    const drawn = withBar && !late ? `  ${bar(clock, view.now, marks)}` : '';
    return `${pad(clockName(clock, words), nameWidth)}  ${shown}${drawn}  ${colour.dim(`${words.at} ${timeOf(clock.deadline, clockOf(page))}`)}`;
  };
  return [
    colour.bold(pad(words.nextClock, page.column)) + line(big, true),
    ...others.slice(0, 4).map((clock) => ' '.repeat(page.column) + line(clock, false)),
  ];
}

function actionLines(page: Page): readonly string[] {
  const { view, words, colour, marks } = page;
  const { next } = view;
  if (next === null) return view.headline.open ? [beside(page, words.nextAction, words.noNext)] : [];
  const state = {
    'needs-approval': words.statusNeeds,
    running: words.statusRunning,
    waiting: words.statusWaiting,
    pending: words.statusPending,
  }[next.status];
  const change =
    next.current === null && next.desired === null
      ? ''
      : `   ${valueText(next.current) || words.unknown} ${marks.arrow} ${valueText(next.desired) || words.unknown}`;
  const { blast } = next;
  const orgs = blast.orgs === 'all' ? words.allOrgs : blast.orgs.join(', ');
  const reach = [
    orgs,
    blast.targets.join(', '),
    blast.changes === 0 ? '' : `${blast.changes} ${words.changes}`,
    blast.irreversible === 0 ? '' : `${blast.irreversible} ${words.irreversible}`,
  ].filter((one) => one !== '');
  return [
    beside(page, words.nextAction, next.title),
    `${' '.repeat(page.column)}${colour.cyan(`${next.position} ${words.of} ${next.total}, ${state}`)}`,
    ...(next.action === null ? [] : [under(page, words.runs, `${callText(next.action, next.args)}${change}`)]),
    ...(next.who === null ? [] : [under(page, words.who, next.who)]),
    ...(next.action === null ? [] : [under(page, words.reach, reach.join(` ${marks.dot} `))]),
    ...(next.undo === null ? [] : [under(page, words.undo, callText(next.undo.action, next.undo.args))]),
    ...(next.irreversible === null ? [] : [colour.yellow(under(page, words.undo, `${words.irreversible}: ${next.irreversible}`))]),
    ...(next.takesMs === null ? [] : [under(page, words.takes, span(next.takesMs))]),
  ];
}

function approveLines(page: Page): readonly string[] {
  const { view, words, lang, colour, marks } = page;
  const { approve } = view;
  if (approve.state === 'none')
    return view.headline.open || approve.why.key === 'why.merged' ? [beside(page, words.approve, reasonText(approve.why, lang))] : [];
  const { approval } = approve;
  const asked = `${words.needs} ${approve.missing} ${words.of} ${approval.min} ${words.by} ${approval.from.join(', ')} ${marks.dot} ${words.plan} ${shortHash(approval.planHash)}`;
  const first = colour.yellow(beside(page, words.approve, asked));
  const guard = approval.override;
  const over = guard === undefined ? [] : [under(page, '', overridesText(guard, lang))];
  if (approve.state === 'blocked') return [first, ...over, under(page, '', reasonText(approve.why, lang))];
  const typed = `belay approve ${view.id} --plan ${shortHash(approval.planHash)}${guard === undefined ? '' : ' --reason "…"'}`;
  return [first, ...over, under(page, words.type, typed)];
}

function nothingLines(page: Page): readonly string[] {
  const { view, words, lang } = page;
  const at = view.ifNothing.at === null ? '' : ` (${timeOf(view.ifNothing.at, clockOf(page))})`;
  return [beside(page, words.ifNothing, `${reasonText(view.ifNothing, lang)}${at}`)];
}

function signalLines(page: Page): readonly string[] {
  const { view, words, lang } = page;
  const { signal } = view;
  if (signal === null) return [];
  const limit =
    signal.limit === null
      ? ''
      : `, ${words.limit} ${measureText('above' in signal.limit ? signal.limit.above : signal.limit.below, signal.unit, lang, words)}`;
  const counts =
    signal.all === 0
      ? ''
      : `, ${signal.bad} ${words.badOf} ${signal.all}${signal.overMs === null ? '' : ` ${words.within} ${span(signal.overMs)}`}`;
  const level = { none: words.levelNone, suspect: words.levelSuspect, act: words.levelAct }[signal.level];
  const state = signal.unknown ? words.unknownSignal : signal.warming ? words.warming : level;
  const frozen = signal.atBreach;
  const before =
    frozen === null
      ? []
      : [under(page, words.atBreach, `${measureText(frozen.value, signal.unit, lang, words)}, ${frozen.bad} ${words.badOf} ${frozen.all}`)];
  return [
    beside(
      page,
      words.signal,
      `${signal.trigger}${signal.scopeName === '' ? '' : ` ${signal.scopeName}`}: ${measureText(signal.value, signal.unit, lang, words)}${limit}${counts} (${state})`,
    ),
    ...before,
  ];
}

function decisionLines(page: Page): readonly string[] {
  const { view, words, lang, colour } = page;
  if (view.decision === null) return [];
  const { choice, by, reason, guards, runbook } = view.decision;
  const word = choice === 'act' ? words.decisionAct : choice === 'ask' ? words.decisionAsk : words.decisionRefuse;
  const open = guards.filter((guard) => guard.answer !== 'pass' && guard.answer !== 'not-applicable');
  const shown = open.map((guard) => under(page, '', guardText(guard, lang))).map((line) => colour.yellow(line));
  // What stopped it may be started anew, in spite of it.
  const ways = choice === 'refuse' ? open.map((guard) => mayOverrideText({ runbook }, guard, lang)).filter((text) => text !== '') : [];
  return [
    beside(page, words.decision, `${word}, ${words.by} ${by}: ${reason}`),
    ...shown,
    ...ways.flatMap((text) => wrap(text, page.width - page.column).map((line) => under(page, '', line))),
  ];
}

function messageLines(page: Page): readonly string[] {
  const { view, words, lang, colour, column, width } = page;
  if (view.messages.length === 0) return [];
  const rows = view.messages.map((one) => {
    const state = deliveryStateWord(one.state, lang);
    const paint = one.state === 'failed' || one.state === 'ambiguous' ? colour.red : (text: string) => text;
    return [
      `${one.audience} ${colour.dim(`${one.channel} ${one.lang}`)}`,
      one.template,
      paint(`${state}${one.resent ? ` (${words.resent})` : ''}${one.reason === null ? '' : `: ${one.reason}`}`),
    ];
  });
  return headed(page, words.messages, table(rows, width - column));
}

function measureLines(page: Page): readonly string[] {
  const { view, words } = page;
  const open = view.contingencies.filter((one) => one.open);
  return headed(
    page,
    words.measures,
    open.map((one) =>
      cut(
        `${one.action} (${one.step}), ${words.owner} ${one.owner}, ${words.until} ${timeOf(one.expiresAt, clockOf(page))}`,
        page.width - page.column,
      ),
    ),
  );
}

function evidenceLines(page: Page): readonly string[] {
  const { view, words, colour } = page;
  if (view.evidence.length === 0) return [];
  const missing = view.evidence.filter((one) => !one.have).map((one) => one.id);
  const have = view.evidence.length - missing.length;
  const text = `${have} ${words.of} ${view.evidence.length}${missing.length === 0 ? '' : `, ${words.missing}: ${missing.join(', ')}`}`;
  return [missing.length > 0 && !view.headline.open ? colour.red(beside(page, words.evidence, text)) : beside(page, words.evidence, text)];
}

function logLines(page: Page, events: readonly Event[], count: number): readonly string[] {
  const { words, colour, view, lang, width } = page;
  const shown = events.slice(Math.max(0, events.length - count));
  if (shown.length === 0) return [];
  const hidden = events.length - shown.length;
  const lines = shown.map((event) => eventLine(event, { ...page, zone: view.headline.zone, lang, width }));
  return [`${colour.bold(words.log)}${hidden === 0 ? '' : colour.dim(`  ${hidden} ${words.earlier} ${view.id} --log all`)}`, ...lines];
}

/** `03:02:07  Phase mitigated (was responding)` */
export function eventLine(event: Event, o: Look & { readonly lang: Lang; readonly zone: string }): string {
  const time = new Intl.DateTimeFormat(o.lang, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZone: o.zone,
  }).format(event.at);
  const [first = '', ...rest] = wrap(describeEvent(event, o.lang, { zone: o.zone }), o.width - 12);
  return [`  ${o.colour.dim(time)}  ${first}`, ...rest.map((line) => `            ${line}`)].join('\n');
}
