// The body of a Statuspage `summary.json` as values: what it must hold, and what each of its words means. It trusts nothing, and a word
// that it does not know means nothing: least of all that all is well.
import type { Instant } from '../../domain/json.ts';
import { nearest } from '../../domain/nearest.ts';
import type { Sample } from '../../domain/signal.ts';

/** What is wrong with a page, in words for a person. */
export class SummaryError extends Error {}

export interface Component {
  readonly name: string;
  readonly status: string;
}

export interface Summary {
  readonly updatedAt: Instant;
  readonly indicator: string;
  /** The page says of itself that a planned maintenance is under way. */
  readonly isMaintained: boolean;
  readonly components: readonly Component[];
  /** What is not resolved, as the page orders it. */
  readonly incidents: readonly VendorIncident[];
}

export interface VendorIncident {
  readonly name: string;
  readonly status: string;
  readonly impact: string;
  readonly since: Instant | null;
}

/** Each component is three series: a page with more of them is looked at by name. */
export const MOST_COMPONENTS = 1_000;
const LONGEST_NAME = 256;
const INDICATORS: ReadonlyMap<string, number> = new Map([
  ['none', 0],
  ['minor', 1],
  ['major', 2],
  ['critical', 3],
  ['maintenance', 0],
]);
const LEVELS: ReadonlyMap<string, number> = new Map([
  ['operational', 0],
  ['under_maintenance', 0],
  ['degraded_performance', 1],
  ['partial_outage', 2],
  ['major_outage', 3],
]);
const DOWN_FROM = 2;
const UNDER_WAY: readonly unknown[] = ['in_progress', 'verifying'];

type Fields = Readonly<Record<string, unknown>>;

/** @throws SummaryError */
export function parseSummary(text: string): Summary {
  const whole = fieldsOf(parsed(text), 'the page');
  const updatedAt = Date.parse(textOf(fieldsOf(whole['page'], 'page')['updated_at'], 'page.updated_at'));
  if (!Number.isFinite(updatedAt)) throw new SummaryError('page.updated_at is not a time');
  const indicator = textOf(fieldsOf(whole['status'], 'status')['indicator'], 'status.indicator');
  const planned = listOf(whole['scheduled_maintenances'] ?? [], 'scheduled_maintenances');
  const isMaintained = indicator === 'maintenance' || planned.some((one) => isFields(one) && UNDER_WAY.includes(one['status']));
  const components = listOf(whole['components'], 'components').map((one, index): Component => {
    const fields = fieldsOf(one, `components[${index}]`);
    const name = plain(textOf(fields['name'], `components[${index}].name`), LONGEST_NAME);
    return { name, status: textOf(fields['status'], `components[${index}].status`) };
  });
  return { updatedAt, indicator, isMaintained, components, incidents: incidentsIn(whole['incidents']) };
}

const MOST_INCIDENTS = 20;
const OVER: readonly unknown[] = ['resolved', 'postmortem', 'completed'];

/** They explain: what of them cannot be read is no reason to distrust the page. */
function incidentsIn(value: unknown): readonly VendorIncident[] {
  const list = Array.isArray(value) ? value.filter(isFields) : [];
  const word = (one: unknown): string => plain(typeof one === 'string' ? one : '', LONGEST_NAME);
  return list
    .filter((one) => !OVER.includes(one['status']))
    .slice(0, MOST_INCIDENTS)
    .map((one) => {
      const since = Date.parse(word(one['started_at'] ?? one['created_at']));
      return {
        name: word(one['name']),
        status: word(one['status']),
        impact: word(one['impact']),
        since: Number.isFinite(since) ? since : null,
      };
    });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const start = plain(text.slice(0, 200), 40);
    throw new SummaryError(start === '' ? 'the page is empty' : `the page is not JSON: it begins with ${JSON.stringify(start)}`, { cause });
  }
}

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

function fieldsOf(value: unknown, name: string): Fields {
  if (isFields(value)) return value;
  throw new SummaryError(`${name} is ${value === undefined ? 'missing' : 'not an object'}: this is not a summary.json of Statuspage`);
}

function listOf(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new SummaryError(`${name} is ${value === undefined ? 'missing' : 'not a list'}: this is not a summary.json of Statuspage`);
}

function textOf(value: unknown, name: string): string {
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw new SummaryError(`${name} is ${value === undefined ? 'missing' : 'not a text'}: this is not a summary.json of Statuspage`);
}

/** A stranger's text on one line: cut at so many, and what is no character, or would move others about, replaced. */
export function plain(text: string, most: number): string {
  return text
    .slice(0, most)
    .replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/gu, '\uFFFD')
    .trim();
}

/** What was asked for, or all. @throws SummaryError where the page does not name one that was asked for, or names too many */
export function chosen(components: readonly Component[], wanted: readonly string[] | undefined): readonly Component[] {
  const names = new Set((wanted ?? []).map((name) => plain(name, LONGEST_NAME)));
  const taken = wanted === undefined ? components : components.filter((one) => names.has(one.name));
  const there = new Set(taken.map((one) => one.name));
  const absent = [...names].find((name) => !there.has(name));
  if (absent !== undefined) throw new SummaryError(absence(absent, components));
  if (there.size > MOST_COMPONENTS)
    throw new SummaryError(`the page has ${there.size} components, more than ${MOST_COMPONENTS}: name the ones to look at in "components"`);
  return taken;
}

function absence(name: string, components: readonly Component[]): string {
  const known = [...new Set(components.map((one) => one.name))];
  const near = nearest(name, known.slice(0, MOST_COMPONENTS));
  const hint =
    near === null ? `it names ${plain(known.slice(0, 10).join(', '), 400)}${known.length > 10 ? ', …' : ''}` : `it names ${near}`;
  return `the page names no component ${JSON.stringify(name)}; ${known.length === 0 ? 'it names none' : hint}`;
}

/** What a word for the whole page, or for a component, means; null: it is not known. */
export const levelOf = (word: string, of: 'page' | 'component'): number | null => (of === 'page' ? INDICATORS : LEVELS).get(word) ?? null;

/** Of components with one name the worst counts; of one whose status is unknown nothing is told but that it is. */
export function samplesOf({ indicator, isMaintained }: Summary, components: readonly Component[], at: Instant): readonly Sample[] {
  const value = (name: string, labels: Readonly<Record<string, string>>, number: number): Sample => ({
    kind: 'value',
    name,
    labels,
    at,
    value: number,
  });
  const overall = INDICATORS.get(indicator);
  const unknown = new Set(components.filter((one) => !LEVELS.has(one.status)).map((one) => one.name));
  const worst = new Map<string, { level: number; isMaintained: boolean }>();
  for (const { name, status } of components) {
    if (unknown.has(name)) continue;
    const before = worst.get(name) ?? { level: 0, isMaintained: false };
    const level = Math.max(before.level, LEVELS.get(status) ?? 0);
    worst.set(name, { level, isMaintained: before.isMaintained || status === 'under_maintenance' });
  }
  return [
    ...(overall === undefined ? [] : [value('status_indicator', {}, overall)]),
    value('status_maintenance', {}, isMaintained ? 1 : 0),
    value('status_unknown', {}, unknown.size + (overall === undefined ? 1 : 0)),
    ...[...worst].flatMap(([component, one]) => {
      const labels = { component };
      return [
        value('status_component_down', labels, one.level >= DOWN_FROM ? 1 : 0),
        value('status_component_level', labels, one.level),
        value('status_component_maintenance', labels, one.isMaintained ? 1 : 0),
      ];
    }),
  ];
}
