// A system that stands in for the real one while triggers rehearse: the same rules over the same kinds of signals, fed by one source whose
// samples are made from counts. The selectors of the real one are not asked: what they would count is what the counts say.
import type { Instant } from '../../domain/json.ts';
import type { Sample, Selector, SignalKind, SignalSpec } from '../../domain/signal.ts';
import type { System } from '../../domain/system.ts';
import type { TriggerRule } from '../../domain/trigger.ts';

export const STAND_IN = 'rehearsal';

/** What a signal counted for one scope (for probes: one point) in [from, end). Of an age: `sum / all` is the last good thing, in seconds. */
export interface Counted {
  readonly signal: string;
  readonly scope: string;
  readonly from: Instant;
  readonly bad: number;
  readonly all: number;
  readonly sum: number;
}

/** A signal as it rehearses: its scopes are told apart by `by` where one of the triggers wants it. */
export interface Rehearsed {
  readonly spec: SignalSpec;
  readonly by: string | null;
}

/** The trigger and those it is made of, and theirs. */
export function triggersOf(system: System, id: string): readonly TriggerRule[] {
  const found = new Map<string, TriggerRule>();
  const add = (one: string): void => {
    const rule = system.triggers.find((candidate) => candidate.id === one);
    if (rule === undefined || found.has(one)) return;
    found.set(one, rule);
    const kind = kindOf(system, rule);
    if (kind?.kind === 'composite') for (const member of kind.of) add(member);
  };
  add(id);
  return [...found.values()];
}

export const kindOf = (system: System, rule: TriggerRule): SignalKind | undefined =>
  system.signals.find((one) => one.id === rule.signal)?.signal;

/** Kinds of which counts alone do not say enough: people, different values, the whole spread of values. */
const NOT_REHEARSED: ReadonlySet<string> = new Set(['manual', 'distinct', 'quantile']);

/** Null: it can rehearse; else the signal that cannot. A composite rehearses with those of its members that can. */
export function hindrance(system: System, rule: TriggerRule): string | null {
  if (rule.builtIn !== undefined) return rule.builtIn;
  const kind = kindOf(system, rule)?.kind;
  return kind === undefined || NOT_REHEARSED.has(kind) ? (kind ?? 'unknown') : null;
}

export function signalsOf(system: System, rules: readonly TriggerRule[]): readonly Rehearsed[] {
  return system.signals.flatMap((spec) => {
    const users = rules.filter((rule) => rule.signal === spec.id);
    return users.length === 0 ? [] : [{ spec, by: users.some((rule) => rule.scope === 'org') ? spec.by : null }];
  });
}

export function standIn(system: System, rules: readonly TriggerRule[], stepMs: number): System {
  const signals = signalsOf(system, rules);
  return {
    ...system,
    components: [],
    sources: [{ id: STAND_IN, driver: 'prometheus', url: 'http://rehearsal.invalid', everyMs: stepMs, timeoutMs: stepMs }],
    signals: signals.map(({ spec, by }) => ({
      ...spec,
      by,
      sources: [STAND_IN],
      signal: over(spec),
      absentAfter: 'ms' in spec.absentAfter ? { ms: Math.max(spec.absentAfter.ms, 2 * stepMs + 1) } : spec.absentAfter,
    })),
    triggers: rules,
  };
}

/** Sources that may feed these signals; all of them where one names none. */
export function sourcesOf(system: System, signals: readonly Rehearsed[]): ReadonlySet<string> {
  const named = signals.flatMap(({ spec }) =>
    spec.signal.kind === 'probe'
      ? [spec.signal.source]
      : spec.signal.kind === 'composite' || spec.signal.kind === 'manual'
        ? []
        : spec.sources,
  );
  const open = signals.some(({ spec }) => spec.sources.length === 0 && !['probe', 'composite', 'manual'].includes(spec.signal.kind));
  return new Set(open ? [...named, ...system.sources.map((one) => one.id)] : named);
}

type Part = 'bad' | 'all' | 'sum' | 'value';
const nameOf = (signal: string, part: Part): string => `${signal}#${part}`;
const select = (signal: string, part: Part): Selector => ({ name: nameOf(signal, part), labels: [] });

function over({ id, signal }: SignalSpec): SignalKind {
  if (signal.kind === 'ratio') return { ...signal, bad: select(id, 'bad'), all: select(id, 'all') };
  if (signal.kind === 'mean') return { ...signal, sum: select(id, 'sum'), count: select(id, 'all') };
  if (signal.kind === 'probe') return { ...signal, source: STAND_IN };
  if (signal.kind === 'manual' || signal.kind === 'composite' || signal.kind === 'distinct' || signal.kind === 'quantile') return signal;
  return { ...signal, of: select(id, signal.kind === 'gauge' || signal.kind === 'age' ? 'value' : 'all') };
}

type Labels = Readonly<Record<string, string>>;

/** Makes the samples that say the same as counts. It keeps one labels object a series, so that nothing is parsed twice. */
export class SampleMaker {
  readonly #signals: ReadonlyMap<string, Rehearsed>;
  readonly #labels = new Map<string, Map<string, Labels>>();
  readonly #fails = new Map<string, number>();

  constructor(signals: readonly Rehearsed[]) {
    this.#signals = new Map(signals.map((one) => [one.spec.id, one]));
  }

  /** Gauges are told at the beginning of their time, too: a gauge holds its value until the next sample. */
  atBeginning(counted: Counted): readonly Sample[] {
    return this.#kindOf(counted) === 'gauge' ? this.#values(counted, counted.from) : [];
  }

  atEnd(counted: Counted, at: Instant): readonly Sample[] {
    const known = this.#signals.get(counted.signal);
    const kind = known?.spec.signal;
    if (known === undefined || kind === undefined || kind.kind === 'manual' || kind.kind === 'composite') return [];
    if (kind.kind === 'gauge' || kind.kind === 'age') return this.#values(counted, at);
    if (kind.kind === 'probe') return this.#results(counted, at);
    const total = (part: Part, value: number): readonly Sample[] =>
      value === 0
        ? []
        : [
            {
              kind: 'total',
              name: nameOf(counted.signal, part),
              labels: this.#of(known, part, counted.scope),
              at,
              since: counted.from,
              total: value,
            },
          ];
    if (kind.kind === 'mean') return [...total('sum', counted.sum), ...total('all', counted.all)];
    if (kind.kind !== 'fractionAbove') return [...(kind.kind === 'ratio' ? total('bad', counted.bad) : []), ...total('all', counted.all)];
    // A histogram: what the ring calls bad are the events within the limit.
    const of = this.#of(known, 'all', counted.scope);
    const le = this.#named(`${counted.signal} le`, counted.scope, () => ({ ...of, le: String(kind.limit) }));
    const name = nameOf(counted.signal, 'all');
    return [
      { kind: 'total', name: `${name}_bucket`, labels: le, at, since: counted.from, total: counted.bad },
      { kind: 'total', name: `${name}_count`, labels: of, at, since: counted.from, total: counted.all },
    ];
  }

  #kindOf({ signal }: Counted): SignalKind['kind'] | undefined {
    return this.#signals.get(signal)?.spec.signal.kind;
  }

  #values(counted: Counted, at: Instant): readonly Sample[] {
    const known = this.#signals.get(counted.signal);
    if (known === undefined || counted.all === 0) return [];
    const labels = this.#of(known, 'value', counted.scope);
    return [{ kind: 'value', name: nameOf(counted.signal, 'value'), labels, at, value: counted.sum / counted.all }];
  }

  /** Results whose failures in a row at the end are those that were counted. */
  #results({ signal, scope: point, bad, all, sum }: Counted, at: Instant): readonly Sample[] {
    const key = JSON.stringify([signal, point]);
    const fails = Math.max(0, (this.#fails.get(key) ?? 0) + sum);
    this.#fails.set(key, fails);
    const result = (ok: boolean): Sample => ({ kind: 'probe', point, at, ok, detail: '' });
    const failures = (count: number): readonly Sample[] => Array.from({ length: Math.min(1_000, Math.round(count)) }, () => result(false));
    if (all === 0) return [];
    return bad >= all ? failures(bad) : [result(true), ...failures(Math.min(fails, bad))];
  }

  #of({ spec, by }: Rehearsed, part: Part, scope: string): Labels {
    return this.#named(nameOf(spec.id, part), scope, () => (by === null ? {} : { [by]: scope }));
  }

  #named(series: string, scope: string, make: () => Labels): Labels {
    const byScope = this.#labels.get(series) ?? new Map<string, Labels>();
    this.#labels.set(series, byScope);
    const labels = byScope.get(scope) ?? make();
    byScope.set(scope, labels);
    return labels;
  }
}
