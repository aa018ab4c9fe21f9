// The post-mortem as Markdown: bound facts from the log, and sections for people that survive a new generation.
// It reads no store; whoever calls it hands over the log, the plan and the deliveries.

import type { Event } from './event.ts';
import {
  clockText,
  deliveryStateWord,
  describeEvent,
  formatDuration,
  guardText,
  listOf,
  phaseWord,
  severityWord,
  stepStatusWord,
} from './event-text.ts';
import type { Incident } from './incident.ts';
import { openContingencies } from './incident-fold.ts';
import type { Instant } from './json.ts';
import type { Delivery } from './message.ts';
import type { Plan } from './plan.ts';
import { impactIntervals, incidentTimings, ofType, stepFacts } from './postmortem-facts.ts';
import type { Lang, System } from './system.ts';
import { mootAside } from './text/moot-texts.ts';
import type { HumanSection, PostmortemTexts } from './text/postmortem-texts.ts';
import { HUMAN_SECTIONS, POSTMORTEM_TEXTS } from './text/postmortem-texts.ts';
import { formatDateTime } from './time-text.ts';

export interface PostmortemInput {
  readonly incident: Incident;
  readonly events: readonly Event[];
  readonly plan: Plan | null;
  readonly deliveries: readonly Delivery[];
  readonly system: Pick<System, 'organizations' | 'components' | 'people'>;
  readonly lang: Lang;
  readonly zone: string;
  readonly now: Instant;
  /** What people wrote into an earlier version. */
  readonly human: Readonly<Partial<Record<HumanSection, string>>>;
}

interface Page {
  readonly input: PostmortemInput;
  readonly t: PostmortemTexts;
  readonly time: (at: Instant) => string;
  readonly span: (ms: number) => string;
}

export function renderPostmortem(input: PostmortemInput): string {
  const { lang, zone } = input;
  const page: Page = {
    input,
    t: POSTMORTEM_TEXTS[lang],
    time: (at) => formatDateTime(at, { lang, zone }),
    span: (ms) => formatDuration(ms, lang),
  };
  const parts = [
    heading(page),
    facts(page),
    durations(page),
    impact(page),
    decisions(page),
    overrides(page),
    plan(page),
    steps(page),
    checks(page),
    messages(page),
    contingencies(page),
    clocks(page),
    deviations(page),
    human(page),
    timeline(page),
    evidence(page),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function heading({ input, t }: Page): string {
  const { incident } = input;
  const where = listOf(
    incident.scope.components.map((id) => title(input, id)),
    input.lang,
  );
  return `# ${t.title} ${incident.id}: ${md(where)} (${incident.severity})\n\n> ${t.generated}`;
}

function facts(page: Page): string {
  const { input, t, time } = page;
  const { incident, lang } = input;
  const rows: [string, string][] = [
    [t.fact.severity, `${incident.severity} (${severityWord(incident.severity, lang)})`],
    [t.fact.phase, phaseWord(incident.phase, lang) + (incident.onContingency ? ` (${t.onContingency})` : '')],
    [t.fact.kind, incident.kind],
    [t.fact.scope, orgsOf(page, incident.scope.orgs)],
    [
      t.fact.components,
      listOf(
        incident.scope.components.map((id) => title(input, id)),
        lang,
      ),
    ],
    [t.fact.trigger, incident.trigger ?? t.none],
    [t.fact.runbook, incident.runbook ?? t.none],
    [t.fact.detected, time(incident.detectedAt)],
    [t.fact.declared, time(incident.declaredAt)],
    [t.fact.mitigated, incident.mitigatedAt === undefined ? t.none : time(incident.mitigatedAt)],
    [t.fact.resolved, incident.resolvedAt === undefined ? t.none : time(incident.resolvedAt)],
    ...Object.entries(incident.roles).map(([role, { primary }]): [string, string] => [role, personName(input, primary)]),
  ];
  return section(t.facts, table([t.columns.what, ''], rows));
}

function durations({ input, t, time, span }: Page): string {
  const timings = incidentTimings(input.events);
  const rows = (['detect', 'decide', 'act', 'prove', 'total'] as const).flatMap((name) => {
    const one = timings[name];
    return one === null ? [] : [[t.duration[name], span(one.to - one.from), `${time(one.from)} … ${time(one.to)}`]];
  });
  return rows.length === 0 ? '' : section(t.durations, table([t.columns.what, t.columns.lasted, t.columns.meaning], rows));
}

function impact(page: Page): string {
  const { input, t, time, span } = page;
  const rows = impactIntervals(input.events).map((one) => [
    one.org === 'all' ? t.all : orgName(input, one.org),
    title(input, one.component),
    time(one.from),
    one.to === null ? t.still : time(one.to),
    span((one.to ?? input.now) - one.from),
  ]);
  const { columns } = t;
  return rows.length === 0
    ? ''
    : section(t.impact, table([columns.org, columns.component, columns.from, columns.to, columns.lasted], rows));
}

function decisions({ input, t, time }: Page): string {
  const parts = ofType(input.events, 'decision.made').map((event) => {
    const guards = event.data.guards.map((verdict) => `- ${md(guardText(verdict, input.lang))}`);
    return [`**${time(event.at)}** ${md(describeEvent(event, input.lang))}`, ...(guards.length === 0 ? [] : [guards.join('\n')])].join(
      '\n\n',
    );
  });
  const approvals = input.events
    .filter((event) => event.type.startsWith('approval.'))
    .map((event) => `- ${time(event.at)} ${md(describeEvent(event, input.lang, { zone: input.zone }))}`);
  const all = approvals.length === 0 ? parts : [...parts, approvals.join('\n')];
  return all.length === 0 ? '' : section(t.decisions, all.join('\n\n'));
}

/** What people did in spite of a guard: somebody looks at it within a day. */
function overrides({ input, t }: Page): string {
  const lines = ofType(input.events, 'guard.overridden').map((event) => {
    const { guard, answer, reason, facts } = event.data;
    return `- ${md(describeEvent(event, input.lang, { zone: input.zone }))}\n  ${md(guardText({ guard, answer, reason, facts }, input.lang))}`;
  });
  return lines.length === 0 ? '' : section(t.overrides, `${t.overridesHint}\n\n${lines.join('\n')}`);
}

function plan({ input, t }: Page): string {
  if (input.plan === null) return '';
  const { columns } = t;
  const rows = input.plan.steps.map((step) => [
    step.id,
    step.kind,
    step.action === undefined ? '' : `${step.action} ${step.args === undefined ? '' : JSON.stringify(step.args)}`,
    step.effect,
  ]);
  return section(t.plan, `\`${input.plan.planHash}\`\n\n${table([columns.step, columns.what, columns.action, columns.effect], rows)}`);
}

function steps({ input, t, time, span }: Page): string {
  const { columns } = t;
  const rows = stepFacts(input.events).map((one) => [
    one.title,
    one.kind,
    stepStatusWord(one.status, input.lang),
    String(one.attempts),
    time(one.from),
    one.to === null ? '' : span(one.to - one.from),
  ]);
  return rows.length === 0
    ? ''
    : section(t.steps, table([columns.step, columns.what, columns.status, columns.attempts, columns.from, columns.lasted], rows));
}

function checks({ input, t, time }: Page): string {
  const { columns } = t;
  const rows = ofType(input.events, 'check.recorded').map(({ data, at }) => [
    time(at),
    data.step,
    `${data.probe}: ${data.expect}`,
    data.result + (data.reason === '' ? '' : `: ${data.reason}`),
    JSON.stringify(data.values),
  ]);
  return rows.length === 0
    ? ''
    : section(t.checks, table([columns.time, columns.step, columns.check, columns.result, columns.values], rows));
}

function messages({ input, t, time }: Page): string {
  const { columns } = t;
  const rows = input.deliveries.map((one) => [
    time(one.plannedAt),
    one.audience,
    one.channel,
    one.template,
    deliveryStateWord(one.state, input.lang) + (one.reason === undefined || one.reason === '' ? '' : `: ${one.reason}`),
  ]);
  const promises = ofType(input.events, 'comms.promised').map(
    (event) => `- ${time(event.at)} ${md(describeEvent(event, input.lang, { zone: input.zone }))}`,
  );
  const body = [
    ...(rows.length === 0 ? [] : [table([columns.time, columns.audience, columns.channel, columns.template, columns.state], rows)]),
    ...(promises.length === 0 ? [] : [promises.join('\n')]),
  ];
  return body.length === 0 ? '' : section(t.messages, body.join('\n\n'));
}

function contingencies({ input, t, time }: Page): string {
  const { columns } = t;
  const rows = openContingencies(input.incident).map((one) => [
    `${one.action} ${one.scope}`,
    personName(input, one.owner),
    time(one.expiresAt),
  ]);
  return section(t.contingencies, rows.length === 0 ? t.noContingencies : table([columns.what, columns.owner, columns.until], rows));
}

function clocks({ input, t, time }: Page): string {
  const { columns } = t;
  const rows = Object.values(input.incident.clocks).map((clock) => [
    clock.id,
    time(clock.deadline),
    clockText(clock, input.now, input.lang),
  ]);
  return rows.length === 0 ? '' : section(t.clocks, table([columns.clock, columns.due, columns.state], rows));
}

function deviations({ input, t }: Page): string {
  const lines = stepFacts(input.events)
    .filter((one) => ['skipped', 'failed', 'unknown', 'noop', 'undone'].includes(one.status) || one.attempts > 1 || one.kind === 'manual')
    .map(
      (one) =>
        `- ${md(one.title)} (${one.step}): ${stepStatusWord(one.status, input.lang)}${mootAside(one.detail, input.lang)}${one.attempts > 1 ? ` ×${one.attempts}` : ''}${one.reason === '' ? '' : `: ${md(one.reason)}`}`,
    );
  return lines.length === 0 ? '' : section(t.deviations, `${t.deviationsHint}\n\n${lines.join('\n')}`);
}

function timeline({ input, t, time }: Page): string {
  return section(
    t.timeline,
    input.events.map((event) => `- ${time(event.at)} ${md(describeEvent(event, input.lang, { zone: input.zone }))}`).join('\n'),
  );
}

function evidence({ input, t }: Page): string {
  const { columns } = t;
  // The last event that this text was drawn from: drafting it adds one more, which must not change the next drawing.
  const last = input.events.at(-1);
  const rows = [
    [`${input.incident.id} #${last?.seq ?? 0}`, last?.hash ?? ''],
    ...ofType(input.events, 'run.started').flatMap(({ data }) => [
      [`${t.fact.runbook} ${data.runbook}`, data.irHash],
      [t.plan, data.planHash],
    ]),
    ...ofType(input.events, 'evidence.captured').map(({ data }) => [data.evidence, data.sha256]),
  ];
  return section(t.evidence, `${t.evidenceHint}\n\n${table([columns.document, columns.hash], rows)}`);
}

function human({ input, t }: Page): string {
  const parts = HUMAN_SECTIONS.map((name) => {
    const { heading: title, prompt } = t.prompts[name];
    // A prompt is text to answer; a table is to be filled, so it stands inside.
    const [question, blank] = prompt.startsWith('|') ? ['', prompt] : [`_${prompt}_\n\n`, ''];
    return `### ${title}\n\n${question}${OPEN(name)}\n${input.human[name] ?? blank}\n${CLOSE(name)}`;
  });
  return section(t.human, `${t.humanHint}\n\n${parts.join('\n\n')}`);
}

const OPEN = (name: HumanSection): string => `<!-- write:${name} -->`;
const CLOSE = (name: HumanSection): string => `<!-- /write:${name} -->`;

/** What people wrote between the markers of an earlier version. */
export function humanSections(markdown: string): Partial<Record<HumanSection, string>> {
  const written: Partial<Record<HumanSection, string>> = {};
  for (const name of HUMAN_SECTIONS) {
    const from = markdown.indexOf(OPEN(name));
    const to = markdown.indexOf(CLOSE(name), from);
    if (from < 0 || to < 0) continue;
    const text = markdown.slice(from + OPEN(name).length, to).trim();
    if (text !== '') written[name] = text;
  }
  return written;
}

function section(title: string, body: string): string {
  return `## ${title}\n\n${body}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map((row) => line(row.map(md)))].join('\n');
}

/** Facts are text: no value may open a table cell, a link, a tag or emphasis, nor end the line. */
function md(value: string): string {
  return value.replace(/\p{Cc}+/gu, ' ').replace(/[\\`*_{}[\]<>|~#]/g, (char) => `\\${char}`);
}

function title(input: PostmortemInput, component: string): string {
  return input.system.components.find((one) => one.id === component)?.title ?? component;
}

function orgName(input: PostmortemInput, org: string): string {
  return input.system.organizations.find((one) => one.id === org)?.name ?? org;
}

function personName(input: PostmortemInput, id: string): string {
  return input.system.people.find((one) => one.id === id)?.name ?? id;
}

function orgsOf({ input, t }: Page, orgs: readonly string[] | 'all'): string {
  return orgs === 'all'
    ? t.all
    : listOf(
        orgs.map((org) => orgName(input, org)),
        input.lang,
      );
}
