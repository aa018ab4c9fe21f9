// Triggers as people write them, the same in belay.yaml and in a runbook's front matter. Limits are read by how they are written
// (2%, 10/min, 5); whether that suits the signal's kind is the lint's question, because the signal may stand in another file.
import type { SignalSpec } from '../domain/signal.ts';
import type { Comparison, TriggerRule } from '../domain/trigger.ts';
import { type Parsed, parseDuration, parsePercent, parseRate } from '../domain/units.ts';
import type { Problems } from './problems.ts';
import type { Fields, Reader } from './read.ts';
import { duration, int, measured, notYet, number, oneOf, optional, present, readFields, record, required, text, wrong } from './read.ts';
import { readSignal } from './signals.ts';
import type { Span } from './source-text.ts';
import type { Entry, Value } from './yaml.ts';

/** A trigger with the place where it was written, for the lint. */
export interface TriggerDraft {
  readonly rule: TriggerRule;
  /** The signal that was written inside the trigger. */
  readonly signal: SignalSpec | null;
  readonly value: Value;
  readonly idSpan: Span;
  readonly problems: Problems;
}

/** A limit as it is written in a trigger. */
export function parseLimit(written: string): Parsed {
  if (written.endsWith('%')) return parsePercent(written);
  if (written.includes('/')) return parseRate(written);
  const times = /^(\d+(?:\.\d+)?)x$/.exec(written)?.[1];
  if (times !== undefined) return { ok: true, value: Number(times) };
  const span = parseDuration(written);
  if (span.ok) return { ok: true, value: span.value / 1_000 };
  const value = Number(written);
  return written.trim() !== '' && Number.isFinite(value) ? { ok: true, value } : { ok: false, why: `"${written}" is not a limit` };
}

const limit: Reader<number> = measured(
  parseLimit,
  'a limit: 2% or 0.02 for a ratio, 10/min for a rate, 15m for an age, 3x for a comparison, else a number',
);

const comparison: Reader<Comparison['with']> = (value, problems, name) => {
  if (value.kind === 'scalar') return oneOf('others')(value, problems, name);
  const beforeMs = record({ before: required(duration(1)) })(value, problems, name)?.before;
  return beforeMs === undefined ? undefined : { beforeMs };
};

const BREACH = {
  above: optional(limit),
  below: optional(limit),
  over: optional(duration(1)),
  still: optional(duration()),
  for: optional(duration()),
  vs: optional(comparison),
  least: optional(int(1)),
} as const;
/** The limits are the system's. */
const GUARDS = {
  affected: required(text),
  active: required(text),
  changedWithin: notYet,
  affectedUsers: notYet,
  perScopePerDay: notYet,
  cooldown: notYet,
} as const;
const SHAPE = {
  signal: required((value: Value) => value),
  scope: optional(oneOf('org', 'all')),
  breach: optional(record(BREACH)),
  clear: optional(
    record({ below: optional(limit), above: optional(limit), for: required(duration()), evidence: optional(oneOf('rule-of-three')) }),
  ),
  evidence: optional(record({ suspect: optional(number(0, 1)), act: optional(number(0, 1)) })),
  gap: optional(oneOf('hold', 'count', 'reset')),
  mode: optional(oneOf('shadow', 'armed')),
  impact: optional(record({ who: required(text), ask: required(text) })),
  rearm: optional(duration()),
  detector: optional(oneOf('cusum')),
  guards: optional(record(GUARDS)),
} as const;

/** Of a comparison that says nothing else. */
const LEAST_EVENTS = 10;
const DEFAULT_REARM_MS = 60_000;
/** The short window and, where only a hold is written, the window: this part of the long one. */
const SHORT_PART = 12;

export function readTrigger(entry: Entry, problems: Problems, defaultScope: 'org' | 'all'): TriggerDraft | undefined {
  if (entry.value.kind !== 'map') return wrong(entry.value, problems, `trigger ${entry.key}`, 'a mapping with signal, breach and clear');
  const fields = readFields(SHAPE, entry.value, problems, `trigger ${entry.key}`);
  const scope = fields.scope ?? defaultScope;
  const named = namedSignal(fields.signal);
  const signal =
    named !== null || fields.signal === undefined
      ? null
      : (readSignal({ id: `${entry.key}.signal`, value: fields.signal, problems, by: scope === 'org' ? 'org' : null }) ?? null);
  const rule: TriggerRule = { id: entry.key, signal: named ?? signal?.id ?? '', scope, ...rest(fields) };
  return { rule, signal, value: entry.value, idSpan: entry.keySpan, problems };
}

function namedSignal(value: Value | undefined): string | null {
  return value?.kind === 'scalar' && typeof value.value === 'string' ? value.value : null;
}

function rest(fields: Fields<typeof SHAPE>): Omit<TriggerRule, 'id' | 'signal' | 'scope'> {
  const breach = breachOf(fields.breach);
  const { clear, impact, guards } = fields;
  return {
    ...(breach === undefined ? {} : { breach }),
    ...(clear?.for === undefined ? {} : { clear: { ...present({ below: clear.below, above: clear.above }), forMs: clear.for } }),
    evidence: { suspect: fields.evidence?.suspect ?? 1e-3, act: fields.evidence?.act ?? 1e-5 },
    gap: fields.gap ?? 'hold',
    mode: fields.mode ?? 'shadow',
    ...(impact?.who === undefined || impact.ask === undefined ? {} : { impact: { who: impact.who, ask: impact.ask } }),
    ...present({ detector: fields.detector }),
    ...(guards?.affected === undefined || guards.active === undefined
      ? {}
      : { users: { affected: guards.affected, active: guards.active } }),
    // An age has a limit and no window.
    rearmMs: fields.rearm ?? (breach !== undefined && breach.overMs > 1 ? breach.overMs : DEFAULT_REARM_MS),
  };
}

/** Only a hold is written (`for: 5m`): the window is short and the value must hold. */
function breachOf(breach: Fields<typeof BREACH> | undefined): TriggerRule['breach'] {
  if (breach === undefined) return undefined;
  const { above, below } = breach;
  const forMs = breach.for ?? 0;
  const overMs = breach.over ?? Math.max(1, Math.round(forMs / SHORT_PART));
  const stillMs = breach.still ?? Math.round(breach.over === undefined ? overMs : overMs / SHORT_PART);
  const window = { overMs, stillMs, forMs };
  if (breach.vs === undefined) return { ...present({ above, below }), ...window };
  return { ...window, vs: { with: breach.vs, times: above ?? 1, least: breach.least ?? LEAST_EVENTS } };
}
