// What happens in a scene beside traffic, and what Belay must decide: one short sentence each, with a place for everything that is wrong.
// It reads sentences and plays nothing.
import type { Runbook } from '../domain/ir.ts';
import { nearest } from '../domain/nearest.ts';
import { type DecisionExpectation, type ExpectedDecision, NO_RUNBOOK, type SceneEvent, type SceneMark } from '../domain/scene.ts';
import type { System } from '../domain/system.ts';
import { GUARD_REASONS } from '../domain/text/guard-reasons.ts';
import { toldActions } from '../domain/told-actions.ts';
import { parseDuration } from '../domain/units.ts';
import type { Problems } from './problems.ts';
import { wrong } from './read.ts';
import { positionAt, type Span } from './source-text.ts';
import type { Value } from './yaml.ts';

export interface SceneContext {
  readonly system: System;
  readonly runbooks: readonly Runbook[];
  readonly trigger: string;
  /** Undefined: told already that it is none. */
  readonly who: (key: string, span: Span) => string | null | undefined;
  readonly problems: Problems;
}

type Words = readonly string[];

interface Form {
  /** As a user would write it. */
  readonly example: string;
  readonly pattern: RegExp;
  readonly read: (words: Words, o: SceneContext & { readonly span: Span }) => SceneEvent | undefined;
}

const RELEASE = String.raw`([\w.+-]{1,128})`;
const ID = String.raw`([a-zA-Z][\w.-]{0,127})`;
const ACTION = String.raw`([a-zA-Z][\w-]{0,63}\.[\w.-]{1,64})`;
const WORDS_OF_STATE: Readonly<Record<string, boolean | null>> = { down: false, breached: false, well: true, unknown: null };

const FORMS: readonly Form[] = [
  {
    example: 'deploy r42 to <target>',
    pattern: new RegExp(`^deploy ${RELEASE} to ${ID}( without a way back)?$`),
    read: ([release = '', target = '', noWay], o) =>
      isOne(o, 'target', target) ? { what: 'deploy', target, release, wayBack: noWay === undefined } : undefined,
  },
  {
    example: 'set <switch> to next for acme',
    pattern: new RegExp(`^set ${ID} to ${RELEASE}(?: for ${ID})?$`),
    read: ([id = '', value = '', org], o) => {
      const who = org === undefined ? null : o.who(org, o.span);
      return who !== undefined && isOne(o, 'switch', id) ? { what: 'set', switch: id, value, who } : undefined;
    },
  },
  {
    example: 'roll back <target> from r42 to r41',
    pattern: new RegExp(`^roll back ${ID} from ${RELEASE} to ${RELEASE}(?: for ${ID})?$`),
    read: ([target = '', from = '', to = '', org], o) => {
      const who = org === undefined ? null : o.who(org, o.span);
      return who !== undefined && isOne(o, 'target', target) ? { what: 'rollback', target, from, to, who } : undefined;
    },
  },
  {
    example: 'n8n.deactivate ig-v2-acme was done',
    pattern: new RegExp(`^${ACTION}(?: ${RELEASE})? (was done|was undone|cannot be told)$`),
    read: ([action = '', of, word], o) => {
      const state = word === 'was done' ? 'done' : word === 'was undone' ? 'undone' : 'unknown';
      return isOne(o, 'action that a scene tells of', action) ? { what: 'action', action, of: of ?? null, state } : undefined;
    },
  },
  {
    example: '<component> is down',
    pattern: new RegExp(`^${ID} is (down|well|unknown)$`),
    read: ([component = '', state = ''], o) => {
      const trigger = o.system.components.find((one) => one.id === component)?.downWhen;
      if (trigger !== undefined) return { what: 'trigger', trigger, isWell: WORDS_OF_STATE[state] ?? null };
      if (isOne(o, 'component', component))
        o.problems.error('scene', o.span, `nothing says when ${component} is down`, {
          hint: `Give it a trigger in belay.yaml: downWhen: <trigger>`,
        });
      return undefined;
    },
  },
  {
    example: 'trigger <trigger> is breached',
    pattern: new RegExp(`^trigger ${ID} is (breached|well|unknown)$`),
    read: ([trigger = '', state = ''], o) => {
      if (trigger === o.trigger)
        o.problems.error('scene', o.span, `how ${trigger} stands is what the scene plays`, { hint: 'Write it as traffic, or expect it.' });
      else if (isOne(o, 'trigger', trigger)) return { what: 'trigger', trigger, isWell: WORDS_OF_STATE[state] ?? null };
      return undefined;
    },
  },
  {
    example: 'silence acme for 1h',
    pattern: new RegExp(`^(?:silence|maintenance)(?: ${ID})? for (\\w+)$`),
    read: ([org, time = ''], o) => {
      const who = org === undefined ? null : o.who(org, o.span);
      const forMs = parseDuration(time);
      if (!forMs.ok) o.problems.error('duration', o.span, `${time} is no duration`, { expected: 'a duration, such as 90s or 1h' });
      return forMs.ok && who !== undefined ? { what: 'silence', who, forMs: forMs.value } : undefined;
    },
  },
  { example: 'pause', pattern: /^(pause|resume)$/, read: ([word]) => ({ what: 'pause', on: word === 'pause' }) },
  {
    example: 'guard <guard of the runbook> passes',
    pattern: new RegExp(`^guard ${ID} (passes|fails|is unknown)$`),
    read: ([guard = '', word], o) => {
      const passes = word === 'is unknown' ? null : word === 'passes';
      return isOne(o, 'guard of a runbook', guard) ? { what: 'guard', guard, passes } : undefined;
    },
  },
  {
    example: '12 of 200 users are hit',
    pattern: /^(\d{1,9}) of (\d{1,9}) users are hit$/,
    read: ([hit, active], o) => {
      if (Number(hit) <= Number(active)) return { what: 'users', hit: Number(hit), active: Number(active) };
      o.problems.error('scene', o.span, `more are hit than there are: ${hit} of ${active}`);
      return undefined;
    },
  },
];

type Kind = 'target' | 'switch' | 'component' | 'trigger' | 'guard of a runbook' | 'action that a scene tells of';

function namesOf(kind: Kind, { system, runbooks }: SceneContext): readonly string[] {
  if (kind === 'target') return system.targets.map((one) => one.id);
  if (kind === 'switch') return system.switches.map((one) => one.id);
  if (kind === 'component') return system.components.filter((one) => one.downWhen !== undefined).map((one) => one.id);
  if (kind === 'trigger') return system.triggers.map((one) => one.id);
  if (kind === 'action that a scene tells of') return Object.keys(toldActions(system));
  return [...new Set(runbooks.flatMap((one) => [...one.require, ...one.never]).map((one) => one.id))];
}

function isOne(o: SceneContext & { readonly span: Span }, kind: Kind, name: string): boolean {
  const known = namesOf(kind, o);
  if (known.includes(name) || (kind === 'component' && o.system.components.some((one) => one.id === name))) return true;
  o.problems.error('scene', o.span, `there is no ${kind} ${name}`, {
    expected: known.join(', ') || `none: this system has no ${kind}`,
    didYouMean: nearest(name, known),
  });
  return false;
}

/** One sentence, or a list of them. */
export function marksAt(atMs: number, value: Value, o: SceneContext): readonly SceneMark[] {
  if (value.kind === 'list') return value.items.flatMap((item) => marksAt(atMs, item, o));
  const written = value.kind === 'scalar' ? String(value.value).trim() : '';
  for (const { pattern, read } of FORMS) {
    const found = pattern.exec(written);
    if (found === null) continue;
    const mark = read(found.slice(1) as Words, { ...o, span: value.span });
    return mark === undefined ? [] : [{ ...mark, atMs }];
  }
  return wrong(value, o.problems, 'what happens', `one of: ${FORMS.map((one) => one.example).join('; ')}`) ?? [];
}

const DECISIONS =
  'nothing, acts, asks, refuses, rolls back <target> to r41, sets <switch> to stable, does <action>, asks because G2, refuses because <guard>';

/** One decision for everybody, or a mapping by organization. */
export function decisionsAt(atMs: number, value: Value, o: SceneContext): readonly DecisionExpectation[] {
  const one = (told: Value, who: string | null | undefined): readonly DecisionExpectation[] => {
    const written = told.kind === 'scalar' ? String(told.value).trim() : '';
    const decision = readDecision(written, told, o);
    const { line, column } = positionAt(o.problems.source, told.span.start);
    return decision === undefined || who === undefined ? [] : [{ atMs, who, decision, written, line, column }];
  };
  if (value.kind === 'map') return value.entries.flatMap((entry) => one(entry.value, o.who(entry.key, entry.keySpan)));
  return one(value, null);
}

function readDecision(written: string, value: Value, context: SceneContext): ExpectedDecision | undefined {
  const o = { ...context, span: value.span };
  if (written === 'nothing') return { choice: 'nothing' };
  if (written === 'acts') return { choice: 'act', change: null };
  const [, verb, id = '', to = ''] = new RegExp(`^(rolls back|sets) ${ID} to ${RELEASE}$`).exec(written) ?? [];
  if (verb !== undefined) {
    const kind = verb === 'sets' ? 'switch' : 'target';
    return isOne(o, kind, id) ? { choice: 'act', change: { kind, id, to } } : undefined;
  }
  const [, does, of = null] = new RegExp(`^does ${ACTION}(?: ${RELEASE})?$`).exec(written) ?? [];
  if (does !== undefined) return isOne(o, 'action that a scene tells of', does) ? { choice: 'act', does: { action: does, of } } : undefined;
  const [, word, guard, reason = null] = /^(asks|refuses)(?: because (no runbook|[\w-]+)(?: ([\w-]+))?)?$/.exec(written) ?? [];
  if (word === undefined) return wrong(value, o.problems, 'the expected decision', DECISIONS);
  const choice = word === 'asks' ? 'ask' : 'refuse';
  if (guard === undefined) return { choice, because: null };
  return isGuard(guard, reason, o) ? { choice, because: { guard, reason } } : undefined;
}

function isGuard(guard: string, reason: string | null, o: SceneContext & { readonly span: Span }): boolean {
  if (guard === NO_RUNBOOK && reason === null) return true;
  const reasons = Object.keys(GUARD_REASONS.en);
  const guards = [...new Set(reasons.map((key) => key.slice(0, key.indexOf('.'))))];
  if (!guards.includes(guard)) {
    const own = namesOf('guard of a runbook', o);
    if (own.includes(guard)) return true;
    o.problems.error('scene', o.span, `there is no guard ${guard}`, {
      expected: [...guards, ...own, NO_RUNBOOK].join(', '),
      didYouMean: nearest(guard, [...guards, ...own]),
    });
    return false;
  }
  const known = reasons.filter((key) => key.startsWith(`${guard}.`)).map((key) => key.slice(guard.length + 1));
  if (reason === null || known.includes(reason)) return true;
  o.problems.error('scene', o.span, `${guard} never answers ${reason}`, { expected: known.join(', '), didYouMean: nearest(reason, known) });
  return false;
}
