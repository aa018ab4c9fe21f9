// The whole system as text: what is open, what it waits for, what is paused, and what is being watched.
import type { LineBreaker } from '../domain/breaker.ts';
import { phaseWord } from '../domain/event-text.ts';
import type { IncidentRow } from '../domain/incident-list.ts';
import type { Instant } from '../domain/json.ts';
import type { ScopeFreeze } from '../domain/scope-freeze.ts';
import type { Silence } from '../domain/silence.ts';
import type { Lang } from '../domain/system.ts';
import type { TriggerRow, TriggerSummary } from '../domain/trigger-list.ts';
import type { PauseState } from '../ports/pause.ts';
import { clockName, countdown, span } from './clock-text.ts';
import { joined } from './incident-page.ts';
import { freezeLines } from './measures-text.ts';
import type { Look } from './output.ts';
import { silenceLines } from './silence-text.ts';
import { cut, lengthOf, pad, wrap } from './text-layout.ts';
import { reasonText, type Words, wordsOf } from './words.ts';

/** What `GET /v1/status` answers. */
export interface Status {
  readonly version: string;
  readonly system: string;
  readonly now: Instant;
  readonly pause: PauseState;
  /** Those that hold now. */
  readonly silences: readonly Silence[];
  readonly freezes?: readonly ScopeFreeze[];
  /** Of intakes: those that are not closed. */
  readonly breakers?: readonly LineBreaker[];
  readonly incidents: { readonly open: number; readonly list: readonly IncidentRow[] };
  readonly detection: {
    readonly watermarkAgeMs: number | null;
    readonly lagMs: number;
    readonly deadSources: readonly string[];
    readonly crowdedSources?: readonly string[];
    readonly troubles?: readonly { readonly kind: 'clock' | 'upkeep'; readonly at: Instant; readonly why: string }[];
  };
}

export interface Overview {
  readonly status: Status;
  readonly summaries: readonly TriggerSummary[];
  /** The worst ones. */
  readonly triggers: readonly TriggerRow[];
  readonly past: readonly IncidentRow[];
}

type Page = Look & { readonly lang: Lang };

const MAX_OPEN = 12;
const MAX_PAST = 5;
/** Above this, Belay may mistake its own trouble for an outage; guard G8 uses the same figure. */
const LAG_LIMIT_MS = 1000;

export function statusText({ status, summaries, past }: Overview, page: Page): string {
  const words = wordsOf(page.lang);
  const { incidents, pause, silences, now } = status;
  const blocks = [
    [headLine(status, page, words), ...pauseLines(pause, now, page, words)],
    ...silences.map((one) => silenceLines(one, now, page, words)),
    ...(status.freezes ?? []).map((one) => freezeLines(one, now, page)),
    (status.breakers ?? []).flatMap((one) => breakerLines(one, now, page, words)),
    ...(incidents.list.length === 0
      ? [[words.noneOpen]]
      : incidents.list.slice(0, MAX_OPEN).map((row) => openLines(row, now, page, words))),
    incidents.list.length > MAX_OPEN ? [page.colour.dim(`+${incidents.list.length - MAX_OPEN}  ${words.more}`)] : [],
    pastLines(past.slice(0, MAX_PAST), now, page, words),
    watchLines(summaries, status, page, words),
  ];
  return blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n');
}

function headLine({ system, incidents, pause }: Status, { colour, width }: Page, words: Words): string {
  const right = `${incidents.open} ${words.open}`;
  const painted = pause.paused || incidents.open > 0 ? colour.yellow(right) : colour.green(right);
  return `${colour.bold(pad(cut(system, width - right.length - 2), width - lengthOf(right)))}${painted}`;
}

function pauseLines(pause: PauseState, now: Instant, { colour, width }: Page, words: Words): readonly string[] {
  if (!pause.paused) return [];
  const who = [...new Set(pause.by.map((one) => `${one.who}, ${span(now - one.at)} ${words.ago}: ${one.reason}`))];
  return [
    ...who.flatMap((one) => wrap(`${words.paused} ${words.by} ${one}`, width)).map((line) => colour.yellow(colour.bold(line))),
    words.pausedWhat,
  ];
}

function breakerLines({ intake, line, breaker }: LineBreaker, now: Instant, { colour, width }: Page, words: Words): readonly string[] {
  if (breaker.state === 'closed') return [];
  const of = line === '' ? intake : `${intake}/${line}`;
  const head = `${colour.yellow(colour.bold(breaker.state === 'open' ? words.breakerOpen : words.breakerHalfOpen))} ${of}  ${words.since} ${span(now - breaker.since)}`;
  if (breaker.state === 'half-open') return [head];
  return [head, ...wrap(`${words.nextTry} ${span(Math.max(0, breaker.notBefore - now))}`, width - 4).map((one) => `    ${one}`)];
}

function openLines(row: IncidentRow, now: Instant, { colour, lang, width, marks }: Page, words: Words): readonly string[] {
  const paint = row.severity === 'P2' ? colour.yellow : colour.red;
  const orgs = row.orgs === 'all' ? words.allOrgs : row.orgs.join(', ');
  const head = `${paint(colour.bold(row.severity))}  ${colour.bold(pad(row.id, 7))}  ${paint(phaseWord(row.phase, lang))}  `;
  const left = row.clock === null ? '' : row.clock.deadline - now;
  const clock =
    row.clock === null || left === ''
      ? ''
      : `${clockName(row.clock, words)}: ${left < 0 ? `${words.late} ${countdown(left)}` : `${countdown(left)} ${words.left}`}`;
  const facts = [orgs, row.components.join(', '), `${words.since} ${span(now - row.since)}`, clock].filter((one) => one !== '');
  return [
    `${head}${cut(row.what, Math.max(16, width - lengthOf(head)))}`,
    ...joined(facts, ` ${marks.dot} `, width - 4).map((line) => `    ${line}`),
    ...wrap(`${words.waitsFor} ${reasonText(row.waitsFor, lang)}`, width - 4).map((line) => `    ${colour.cyan(line)}`),
    `    ${colour.dim(`belay incident ${row.id}`)}`,
  ];
}

function pastLines(rows: readonly IncidentRow[], now: Instant, { colour, lang, width }: Page, words: Words): readonly string[] {
  if (rows.length === 0) return [];
  const lines = rows.map((row) => {
    const end = row.endedAt === null ? '' : `${span(now - row.endedAt)} ${words.ago}`;
    const waits = row.waitsFor.key === 'waits.contingency' ? `  ${colour.yellow(reasonText(row.waitsFor, lang))}` : '';
    return `  ${pad(row.id, 7)}  ${pad(phaseWord(row.phase, lang), 9)}  ${pad(end, 11)}  ${cut(row.what, Math.max(16, width - 35 - lengthOf(waits)))}${waits}`;
  });
  return [colour.bold(words.past), ...lines];
}

const TROUBLE_WORDS = { clock: 'clockTrouble', upkeep: 'upkeepTrouble' } as const;

function watchLines(summaries: readonly TriggerSummary[], status: Status, page: Page, words: Words): readonly string[] {
  const { colour, marks } = page;
  const { detection } = status;
  const seen = summaries.filter((one) => one.seen > 0);
  const longest = Math.max(...seen.map((one) => one.trigger.length));
  const lines = seen.map((one) => `  ${pad(one.trigger, longest)}  ${countsText(one.counts, page, words)}`);
  const trouble = [
    ...(detection.deadSources.length === 0 ? [] : [colour.red(`  ${marks.failed} ${words.noData} ${detection.deadSources.join(', ')}`)]),
    ...(detection.crowdedSources ?? []).flatMap((source) =>
      wrap(`${marks.unknown} ${source}: ${words.crowded}`, page.width - 2).map((line) => colour.yellow(`  ${line}`)),
    ),
    ...(detection.troubles ?? []).flatMap(({ kind, at, why }) =>
      wrap(`${marks.unknown} ${words[TROUBLE_WORDS[kind]]} (${words.since} ${span(status.now - at)}): ${why}`, page.width - 2).map((line) =>
        colour.yellow(`  ${line}`),
      ),
    ),
    ...(detection.lagMs < LAG_LIMIT_MS ? [] : [colour.yellow(`  ${marks.unknown} ${words.lag} ${span(detection.lagMs)}`)]),
  ];
  return [colour.bold(words.watching), ...(lines.length === 0 ? [`  ${words.nothingMeasured}`] : lines), ...trouble];
}

/** `1 breached · 12 ok`: what is at rest and what has cleared are one word. */
export function countsText(counts: TriggerSummary['counts'], { colour, marks }: Look, words: Words): string {
  const { breached, suspect, unknown, warming } = counts;
  const ok = counts.ok + counts.cleared;
  const parts = [
    breached === 0 ? '' : colour.red(`${breached} ${words.breached}`),
    suspect === 0 ? '' : colour.yellow(`${suspect} ${words.suspect}`),
    unknown === 0 ? '' : colour.yellow(`${unknown} ${words.unknown}`),
    warming === 0 ? '' : `${warming}: ${words.warming}`,
    ok === 0 ? '' : colour.green(`${ok} ${words.ok}`),
  ];
  return parts.filter((part) => part !== '').join(` ${marks.dot} `);
}
