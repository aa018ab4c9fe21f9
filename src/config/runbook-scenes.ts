// Scenes of runbooks in scene files: the grammar, with a place for everything that is wrong. It plays nothing.
import { PROBES } from '../domain/catalog.ts';
import type { Runbook, Step } from '../domain/ir.ts';
import { stepsOf } from '../domain/ir.ts';
import { nearest } from '../domain/nearest.ts';
import {
  ACT_FAULTS,
  type ActFault,
  type Placed,
  type RunbookScene,
  type SceneAnswer,
  type SceneCommand,
  type SceneEnd,
  type SceneSight,
} from '../domain/runbook-scene.ts';
import type { SettingValue } from '../domain/setting.ts';
import type { System } from '../domain/system.ts';
import type { Problems } from './problems.ts';
import {
  duration,
  int,
  jsonObject,
  type Keys,
  listOf,
  mapOf,
  oneOf,
  oneOrMore,
  optional,
  present,
  type Reader,
  record,
  required,
  text,
  wrong,
} from './read.ts';
import { positionAt, type Span } from './source-text.ts';
import type { Value } from './yaml.ts';

const NAMES: Keys = { form: 'a name', pattern: /^\S(?:.{0,198}\S)?$/ };
const LONGEST_MS = 30 * 86_400_000;

interface Known {
  readonly system: System;
  readonly runbook: Runbook;
  readonly steps: ReadonlyMap<string, Step>;
  readonly problems: Problems;
}

/** A text, or what is written like a number or a word. */
const word: Reader<string> = (value, problems, name) =>
  value.kind === 'scalar' && value.value !== null ? String(value.value) : text(value, problems, name);

const setting: Reader<SettingValue> = (value, problems, name) =>
  value.kind === 'scalar' && value.value !== null ? value.value : wrong(value, problems, name, 'a text, a number, true or false');

const placed =
  <T>(read: Reader<T>): Reader<Placed<T>> =>
  (value, problems, name) => {
    const one = read(value, problems, name);
    const { line, column } = positionAt(problems.source, value.span.start);
    return one === undefined ? undefined : { value: one, line, column };
  };

const TARGET = record({ releases: required(listOf(word, 1)), live: optional(word) });
const target: Reader<RunbookScene['world']['targets'][string]> = (value, problems, name) => {
  const read = value.kind === 'list' ? { releases: listOf(word, 1)(value, problems, name) } : TARGET(value, problems, name);
  if (read?.releases === undefined) return undefined;
  const { releases, live } = { live: undefined, ...read } as { readonly releases: readonly string[]; readonly live: string | undefined };
  if (live !== undefined && !releases.includes(live))
    problems.error('scene', value.span, `${live} is live and none of the releases`, { expected: releases.join(', ') });
  return { releases, ...(live === undefined ? {} : { live }) };
};

/** One value is everybody's. */
const flows: Reader<Readonly<Record<string, string>>> = (value, problems, name) => {
  if (value.kind === 'map') return mapOf(word, NAMES)(value, problems, name);
  const all = word(value, problems, name);
  return all === undefined ? undefined : { all };
};

const WORLD = record({
  targets: optional(mapOf(target, NAMES)),
  switches: optional(mapOf(flows, NAMES)),
  services: optional(mapOf(int(0, 100), NAMES)),
  flags: optional(mapOf(setting, NAMES)),
  config: optional(mapOf(mapOf(setting, NAMES), NAMES)),
  done: optional(listOf(text)),
});

const SIGHT = record({
  probe: required(text),
  with: optional(jsonObject),
  while: optional(mapOf(word, NAMES)),
  values: required(jsonObject),
});
const sight: Reader<SceneSight> = (value, problems, name) => {
  const read = SIGHT(value, problems, name);
  if (read?.probe === undefined || read.values === undefined) return undefined;
  if (!Object.hasOwn(PROBES, read.probe)) unknown(problems, value.span, `there is no probe ${read.probe}`, Object.keys(PROBES), read.probe);
  return { probe: read.probe, with: read.with ?? {}, while: read.while ?? {}, values: read.values };
};

const COMMAND = record({ code: optional(int(0, 255)), text: optional(word) });
const commands: Reader<readonly SceneCommand[]> = (value, problems, name) => {
  const read = mapOf(COMMAND, NAMES)(value, problems, name);
  return Object.entries(read ?? {}).map(([cmd, { code, text: said }]) => ({ cmd, code: code ?? 0, text: said ?? '' }));
};

const SAYS = { approve: 'yes', done: 'yes', deny: 'no', refuse: 'no', nobody: 'nobody' } as const;
const SAYS_FORM = `${Object.keys(SAYS).join(', ')}, or a mapping with by, deny, refuse, ticks, answers, arm, choose`;
const ANSWER = record({
  by: optional(oneOrMore(text)),
  deny: optional(text),
  refuse: optional(text),
  ticks: optional(listOf(text)),
  answers: optional(jsonObject),
  arm: optional(word),
  choose: optional(oneOrMore(oneOf('again', 'continue', 'undo', 'stop'))),
});
const answer: Reader<SceneAnswer> = (value, problems, name) => {
  if (value.kind === 'scalar') {
    const says = Object.hasOwn(SAYS, String(value.value)) ? SAYS[value.value as keyof typeof SAYS] : undefined;
    return says === undefined ? wrong(value, problems, name, SAYS_FORM, undefined, Object.keys(SAYS)) : { says, by: [] };
  }
  const read = ANSWER(value, problems, name);
  if (read === undefined) return undefined;
  const { by = [], deny, refuse, ...rest } = read;
  const why = deny ?? refuse;
  return { says: why === undefined ? 'yes' : 'no', by, ...(why === undefined ? {} : { why }), ...present(rest) };
};

const FAULT_FORM = `${ACT_FAULTS.join(', ')}, or how often: { refuses: 2 }`;
const fault: Reader<ActFault> = (value, problems, name) => {
  if (value.kind === 'scalar') {
    const how = oneOf(...ACT_FAULTS)(value, problems, name);
    return how === undefined ? undefined : { how, times: Number.POSITIVE_INFINITY };
  }
  const [entry, more] = value.kind === 'map' ? value.entries : [];
  const how = ACT_FAULTS.find((one) => one === entry?.key);
  if (entry === undefined || how === undefined || more !== undefined) return wrong(value, problems, name, FAULT_FORM);
  const times = int(1, 1_000)(entry.value, problems, `${name}.${how}`);
  return times === undefined ? undefined : { how, times };
};

const ENDS_FORM = 'done, stopped, refused, or asks <step>';
const ends: Reader<string> = (value, problems, name) => {
  const written = value.kind === 'scalar' ? String(value.value).trim() : '';
  return /^(?:done|stopped|refused|asks \S+)$/.test(written) ? written : wrong(value, problems, name, ENDS_FORM);
};
const STATUS = oneOf('done', 'noop', 'failed', 'skipped', 'unknown', 'undone', 'waiting', 'running');
const EXPECT = record({
  ends: optional(placed(ends)),
  steps: optional(mapOf(placed(STATUS), NAMES)),
  world: optional(mapOf(placed(word), NAMES)),
  effects: optional(mapOf(placed(int(0, 1_000)), NAMES)),
  told: optional(oneOrMore(placed(text))),
  within: optional(placed(duration(1))),
});

const raw: Reader<Value> = (value) => value;
const SCENE = record({
  name: required(text),
  runbook: required(raw),
  inputs: optional(jsonObject),
  org: optional(text),
  by: optional(raw),
  world: optional(raw),
  sees: optional(listOf(sight)),
  commands: optional(commands),
  people: optional(raw),
  faults: optional(raw),
  expect: required(raw),
  kills: optional(oneOf('every', 'none')),
});

export interface SceneFileKnown {
  readonly system: System;
  readonly runbooks: readonly Runbook[];
}

/** Null: what is wrong has been told. */
export function readRunbookScene(value: Value, problems: Problems, { system, runbooks }: SceneFileKnown): RunbookScene | null {
  const read = SCENE(value, problems, 'a scene');
  if (read?.runbook === undefined || read.expect === undefined) return null;
  const id = text(read.runbook, problems, 'runbook');
  const runbook = runbooks.find((one) => one.id === id);
  if (runbook === undefined) {
    const ids = runbooks.map((one) => one.id);
    if (id !== undefined) unknown(problems, read.runbook.span, `there is no runbook ${id}`, ids, id);
    return null;
  }
  const known: Known = { system, runbook, steps: new Map(allSteps(stepsOf(runbook)).map((step) => [step.id, step])), problems };
  const inputs = { ...read.inputs, ...(read.org === undefined ? {} : { org: read.org }) };
  checkInputs(inputs, read.runbook.span, known);
  const people = named(read.people, 'people', answer, known, stepNames(known));
  for (const { by } of Object.values(people)) for (const one of by) demandPerson(one, read.people?.span ?? value.span, known);
  const by = read.by === undefined ? null : (text(read.by, problems, 'by') ?? null);
  if (by !== null && read.by !== undefined) demandPerson(by, read.by.span, known);
  const { line } = positionAt(problems.source, value.span.start);
  return {
    ...{ name: read.name ?? '', runbook: runbook.id, file: problems.source.file, line, inputs, by },
    world: worldIn(read.world, known),
    sees: read.sees ?? [],
    commands: read.commands ?? [],
    people,
    faults: named(read.faults, 'faults', fault, known, actingNames(known)),
    expect: expectIn(read.expect, known),
    kills: read.kills !== 'none',
  };
}

/** Those of called runbooks, too. */
function allSteps(steps: readonly Step[]): readonly Step[] {
  return steps.flatMap((step) => [step, ...(step.kind === 'call' ? allSteps(stepsOf(step.runbook)) : [])]);
}

const stepNames = ({ steps }: Known): readonly string[] => ['start', ...steps.keys()];
const ACTING = new Set(['do', 'run', 'each']);
const actingNames = ({ steps }: Known): readonly string[] => [...steps].filter(([, { kind }]) => ACTING.has(kind)).map(([id]) => id);

function unknown(problems: Problems, span: Span, message: string, known: readonly string[], written: string): void {
  const expected = known.length === 0 ? 'none' : known.slice(0, 30).join(', ');
  problems.error('scene', span, message, { expected, didYouMean: nearest(written, known), known });
}

/** A mapping whose keys are names that are known. */
function named<T>(
  value: Value | undefined,
  name: string,
  read: Reader<T>,
  { problems }: Known,
  names: readonly string[],
): Readonly<Record<string, T>> {
  if (value === undefined) return {};
  checkKeys(value, names, problems, `${name}: the runbook has no such step`);
  return mapOf(read, NAMES)(value, problems, name) ?? {};
}

/** A part of a fan-out, or of a call, goes by the step's own name, too. */
function checkKeys(value: Value | undefined, names: readonly string[], problems: Problems, what: string): void {
  if (value?.kind !== 'map') return;
  for (const { key, keySpan } of value.entries)
    if (!names.includes(key) && !names.some((one) => key.startsWith(`${one}/`) || one.endsWith(`/${key}`)))
      unknown(problems, keySpan, `${what}: ${key}`, names, key);
}

function demandPerson(id: string, span: Span, { system, problems }: Known): void {
  const ids = system.people.map((one) => one.id);
  if (!ids.includes(id)) unknown(problems, span, `belay.yaml has no person ${id}`, ids, id);
}

function checkInputs(inputs: RunbookScene['inputs'], span: Span, { runbook, problems }: Known): void {
  const names = Object.keys(runbook.inputs);
  for (const name of Object.keys(inputs))
    if (!names.includes(name)) unknown(problems, span, `${runbook.id} takes no input ${name}`, names, name);
  for (const [name, spec] of Object.entries(runbook.inputs))
    if (spec.required && spec.default === undefined && inputs[name] === undefined)
      problems.error('scene', span, `${runbook.id} wants the input ${name}`, {
        hint: name === 'org' ? 'Add: org: acme' : `Add: inputs: { ${name}: … }`,
      });
}

const ids = (specs: readonly { readonly id: string }[] | undefined): readonly string[] => (specs ?? []).map((one) => one.id);

function worldIn(value: Value | undefined, { system, problems }: Known): RunbookScene['world'] {
  const read = value === undefined ? undefined : WORLD(value, problems, 'world');
  const parts = {
    targets: system.targets,
    switches: system.switches,
    services: system.services,
    flags: system.flags,
    config: system.config,
  };
  for (const entry of value?.kind === 'map' ? value.entries : [])
    if (Object.hasOwn(parts, entry.key))
      checkKeys(entry.value, ids(parts[entry.key as keyof typeof parts]), problems, `belay.yaml has none of that name in ${entry.key}`);
  const { targets = {}, switches = {}, services = {}, flags = {}, config = {}, done = [] } = read ?? {};
  return { targets, switches, services, flags, config, done };
}

function expectIn(value: Value, known: Known): SceneEnd {
  const { problems, system, runbook } = known;
  const read = EXPECT(value, problems, 'expect');
  for (const entry of value.kind === 'map' ? value.entries : [])
    if (entry.key === 'steps' || entry.key === 'effects')
      checkKeys(entry.value, stepNames(known), problems, `${entry.key}: the runbook has no such step`);
  const { ends: end, steps = {}, world = {}, effects = {}, told = [], within } = read ?? {};
  if (
    end === undefined &&
    [steps, world, effects].every((one) => Object.keys(one).length === 0) &&
    told.length === 0 &&
    within === undefined
  )
    problems.error('scene', value.span, 'a scene that expects nothing proves nothing', { hint: 'Add: ends: done' });
  if (within !== undefined && within.value > LONGEST_MS) problems.error('scene', value.span, 'a scene lasts 30d at most');
  const asked = end?.value.replace(/^asks /, '');
  if (end !== undefined && asked !== end.value && asked !== undefined && !stepNames(known).includes(asked))
    unknown(problems, value.span, `ends: the runbook has no step ${asked}`, stepNames(known), asked);
  const heard = [...ids(system.audiences), ...Object.keys(system.templates), ...Object.keys(runbook.templates)];
  for (const one of told)
    if (!heard.includes(one.value)) unknown(problems, value.span, `told: ${one.value} is no audience and no template`, heard, one.value);
  return {
    ...(end === undefined ? {} : { ends: end }),
    steps,
    world,
    effects,
    told,
    ...(within === undefined ? {} : { withinMs: within }),
  };
}
