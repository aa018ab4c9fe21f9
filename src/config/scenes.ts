// Scene files (tests/*.scene.yaml): the grammar, with a place for everything that is wrong. It plays nothing.
import type { Diagnostic } from '../domain/diagnostic.ts';
import type { Runbook } from '../domain/ir.ts';
import type { RunbookScene } from '../domain/runbook-scene.ts';
import { EXPECTED, type Expectation, type Scene, type SceneRow, type Traffic } from '../domain/scene.ts';
import type { System } from '../domain/system.ts';
import { parseDuration, parsePercent, parseRate } from '../domain/units.ts';
import { collectProblems, type Problems } from './problems.ts';
import { duration, id, type Keys, listOf, mapOf, oneOf, oneOrMore, optional, type Reader, record, required, text, wrong } from './read.ts';
import { readRunbookScene } from './runbook-scenes.ts';
import { decisionsAt, marksAt } from './scene-marks.ts';
import { positionAt, type Span, sourceText, wholeFile } from './source-text.ts';
import { parseLimit } from './triggers.ts';
import { readYaml, type Value } from './yaml.ts';

const TIMES: Keys = { form: 'a time from the beginning, such as 90s or 20m', pattern: /^\d+(ms|s|m|h|d)$/ };
const SINCE: Keys = { form: 'a time from the beginning, such as 20m, or before it, such as -3d', pattern: /^-?\d+(ms|s|m|h|d)$/ };
/** Longer ones are a backtest's business. */
const LONGEST_MS = 30 * 86_400_000;
const SIMPLE: Traffic = { perMinute: null, bad: 0, value: null, fails: null };

interface Placed<T> {
  readonly value: T;
  readonly span: Span;
}

const TRAFFIC_FORM = 'traffic: 120/min, 120/min 5% (5 % of it bad), none, = 850ms (a value or an age), or 2 of 3 fail (probes)';

const traffic: Reader<Traffic> = (value, problems, name) => {
  const written = value.kind === 'scalar' ? String(value.value).trim() : '';
  const read = parseTraffic(written);
  return read ?? wrong(value, problems, name, TRAFFIC_FORM);
};

function parseTraffic(written: string): Traffic | null {
  if (written === 'none') return { ...SIMPLE, perMinute: 0 };
  const [, failing, points] = /^(\d{1,3}) of (\d{1,3}) fail$/.exec(written) ?? [];
  if (failing !== undefined && Number(failing) <= Number(points))
    return { ...SIMPLE, fails: { failing: Number(failing), points: Number(points) } };
  if (written.startsWith('=')) {
    const parsed = parseLimit(written.slice(1).trim());
    return parsed.ok ? { ...SIMPLE, value: parsed.value } : null;
  }
  const [rate = '', share, ...rest] = written.split(/\s+/);
  const perMinute = rate.includes('/') ? parseRate(rate) : null;
  const bad = share === undefined ? { ok: true as const, value: 0 } : parsePercent(share);
  return rest.length === 0 && perMinute?.ok === true && bad.ok ? { ...SIMPLE, perMinute: perMinute.value, bad: bad.value } : null;
}

const placed =
  <T>(read: Reader<T>): Reader<Placed<T>> =>
  (value, problems, name) => {
    const one = read(value, problems, name);
    return one === undefined ? undefined : { value: one, span: value.span };
  };

const raw: Reader<Value> = (value) => value;
const SCENE = record({
  name: required(text),
  trigger: required(placed(id)),
  organizations: optional(listOf(id, 1)),
  traffic: required(mapOf(raw, TIMES)),
  happens: optional(mapOf(raw, SINCE)),
  expect: optional(mapOf(raw, TIMES)),
  decide: optional(mapOf(raw, TIMES)),
  never: optional(oneOrMore(oneOf('acts', 'asks'))),
  lasts: optional(duration(1)),
});

export interface SceneFile {
  readonly scenes: readonly Scene[];
  readonly runbookScenes: readonly RunbookScene[];
  readonly diagnostics: readonly Diagnostic[];
}

const isOfRunbook = (value: Value): boolean => value.kind === 'map' && value.entries.some((one) => one.key === 'runbook');

/** Never throws for what the file holds. */
export function readScenes(file: string, content: string, system: System, runbooks: readonly Runbook[] = []): SceneFile {
  const source = sourceText(file, content.replace(/^\uFEFF/, ''));
  const problems = collectProblems(source);
  const value = readYaml(wholeFile(source), problems);
  const read = record({ scenes: required(listOf(raw, 1)) })(value, problems, 'the file');
  const all = read?.scenes ?? [];
  const scenes = all.filter((one) => !isOfRunbook(one)).flatMap((one) => readScene(one, problems, { system, runbooks }) ?? []);
  const runbookScenes = all.filter(isOfRunbook).flatMap((one) => readRunbookScene(one, problems, { system, runbooks }) ?? []);
  const isBroken = problems.found.some((one) => one.severity === 'error');
  return { ...(isBroken ? { scenes: [], runbookScenes: [] } : { scenes, runbookScenes }), diagnostics: problems.found };
}

interface Known {
  readonly system: System;
  readonly runbooks: readonly Runbook[];
}

function readScene(value: Value, problems: Problems, { system, runbooks }: Known): Scene | null {
  const read = SCENE(value, problems, 'a scene');
  if (read?.trigger === undefined || read.traffic === undefined) return null;
  const rule = system.triggers.find((one) => one.id === read.trigger?.value);
  if (rule === undefined) {
    problems.error('scene', read.trigger.span, `belay.yaml has no trigger ${read.trigger.value}`, {
      expected: system.triggers.map((one) => one.id).join(', '),
    });
    return null;
  }
  const listed = read.organizations ?? system.organizations.slice(0, 3).map((one) => one.id);
  const organizations = rule.scope === 'all' ? [''] : listed;
  if (organizations.length === 0)
    problems.error('scene', read.trigger.span, 'the trigger is for each organization, and none is named', {
      hint: 'Add: organizations: [acme]',
    });
  const who = (key: string, span: Span): string | null | undefined => {
    if (key === 'all') return null;
    if (organizations.includes(key)) return key;
    problems.error('scene', span, `${key} is no organization of this scene`, {
      expected: ['all', ...organizations].filter((one) => one !== '').join(', '),
    });
    return undefined;
  };
  const rows = Object.entries(read.traffic).flatMap(([time, one]) => rowsAt(msOf(time), one, problems, who));
  const expect = Object.entries(read.expect ?? {}).flatMap(([time, one]) => expectedAt(msOf(time), one, problems, who));
  const known = { system, runbooks, trigger: rule.id, who, problems };
  const marks = Object.entries(read.happens ?? {}).flatMap(([time, one]) => marksAt(msOf(time), one, known));
  const decide = Object.entries(read.decide ?? {}).flatMap(([time, one]) => decisionsAt(msOf(time), one, known));
  const never = read.never ?? [];
  if (expect.length + decide.length + never.length === 0)
    problems.error('scene', value.span, 'a scene that expects nothing proves nothing', { hint: 'Add expect:, decide: or never:' });
  const endMs = read.lasts ?? Math.max(60_000, ...[...rows, ...marks, ...expect, ...decide].map((one) => one.atMs));
  if (endMs > LONGEST_MS) problems.error('scene', value.span, 'a scene lasts 30d at most', { hint: 'For longer times: belay backtest' });
  const { line } = positionAt(problems.source, value.span.start);
  const { file } = problems.source;
  return { name: read.name ?? '', trigger: rule.id, file, line, organizations, rows, marks, expect, decide, never, endMs };
}

const msOf = (time: string): number => {
  const parsed = parseDuration(time.replace(/^-/, ''));
  return parsed.ok ? (time.startsWith('-') ? -parsed.value : parsed.value) : 0;
};

const SOURCE_FORM = 'silent, dead, speaks, or how wrong its clock is: 30s behind, 30s ahead, right';

const sourceIs: Reader<Omit<Extract<SceneRow, { what: 'source' }>, 'atMs'>> = (value, problems, name) => {
  const written = value.kind === 'scalar' ? String(value.value).trim() : '';
  if (written === 'silent' || written === 'dead' || written === 'speaks') return { what: 'source', is: written, aheadMs: 0 };
  if (written === 'right') return { what: 'source', is: 'speaks', aheadMs: 0 };
  const [, time = '', side] = /^(\S+) (behind|ahead)$/.exec(written) ?? [];
  const off = parseDuration(time);
  if (!off.ok || side === undefined) return wrong(value, problems, name, SOURCE_FORM);
  return { what: 'source', is: 'speaks', aheadMs: side === 'behind' ? -off.value : off.value };
};

type Who = (key: string, span: Span) => string | null | undefined;

function rowsAt(atMs: number, value: Value, problems: Problems, who: Who): readonly SceneRow[] {
  // Traffic of everybody needs no name.
  if (value.kind === 'scalar') {
    const all = traffic(value, problems, 'traffic');
    return all === undefined ? [] : [{ atMs, what: 'traffic', who: null, traffic: all }];
  }
  if (value.kind !== 'map') return wrong(value, problems, 'traffic', TRAFFIC_FORM) ?? [];
  return value.entries.flatMap((entry): readonly SceneRow[] => {
    if (entry.key === 'belay') {
      const word = oneOf('down', 'up')(entry.value, problems, 'belay');
      return word === undefined ? [] : [{ atMs, what: 'belay', up: word === 'up' }];
    }
    if (entry.key === 'source') {
      const read = sourceIs(entry.value, problems, 'source');
      return read === undefined ? [] : [{ atMs, ...read }];
    }
    const whose = who(entry.key, entry.keySpan);
    const read = traffic(entry.value, problems, entry.key);
    return read === undefined || whose === undefined ? [] : [{ atMs, what: 'traffic', who: whose, traffic: read }];
  });
}

function expectedAt(atMs: number, value: Value, problems: Problems, who: Who): readonly Expectation[] {
  const one = (state: Value, whose: string | null | undefined, span: Span): readonly Expectation[] => {
    const read = oneOf(...EXPECTED)(state, problems, 'the expected state');
    const { line, column } = positionAt(problems.source, span.start);
    return read === undefined || whose === undefined ? [] : [{ atMs, who: whose, state: read, line, column }];
  };
  if (value.kind === 'map') return value.entries.flatMap((entry) => one(entry.value, who(entry.key, entry.keySpan), entry.value.span));
  return one(value, null, value.span);
}
