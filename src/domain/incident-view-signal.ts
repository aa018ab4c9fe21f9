// The signal card: what was measured against which limit, how sure, since when. The worst scope speaks for the incident.
import type { Event } from './event.ts';
import type { Incident } from './incident.ts';
import type { Instant } from './json.ts';
import type { SignalKind } from './signal.ts';
import type { System } from './system.ts';
import type { EvidenceLevel, FrozenInputs, TriggerRule, TriggerStatus, TriggerView } from './trigger.ts';

export interface SignalView {
  readonly trigger: string;
  readonly signal: string;
  readonly unit: SignalKind['kind'] | 'unknown';
  /** '' = the whole system. */
  readonly scope: string;
  /** Name of the organization, for people. */
  readonly scopeName: string;
  readonly status: TriggerStatus;
  readonly unknown: boolean;
  readonly warming: boolean;
  readonly value: number | null;
  readonly limit: { readonly above: number } | { readonly below: number } | null;
  readonly overMs: number | null;
  readonly bad: number;
  readonly all: number;
  readonly level: EvidenceLevel;
  readonly since: Instant | null;
  readonly watermark: Instant;
  readonly lastEvaluatedAt: Instant;
  /** What the decision was taken from, frozen at the breach. */
  readonly atBreach: Pick<FrozenInputs, 'value' | 'bad' | 'all' | 'level' | 'pValue' | 'alpha'> | null;
  /** Status of every scope of this trigger that is part of the incident. */
  readonly scopes: readonly {
    readonly scope: string;
    readonly name: string;
    readonly status: TriggerStatus;
    readonly value: number | null;
  }[];
}

interface Sources {
  readonly incident: Incident;
  readonly events: readonly Event[];
  readonly triggers: readonly TriggerView[];
  readonly system: System;
}

const BADNESS: readonly TriggerStatus[] = ['ok', 'cleared', 'suspect', 'breached'];

export function signalOf({ incident, events, triggers, system }: Sources): SignalView | null {
  const orgs = incident.scope.orgs;
  const mine = triggers.filter(
    (view) => view.trigger === incident.trigger && (orgs === 'all' || view.scope === '' || orgs.includes(view.scope)),
  );
  const worst = [...mine].sort(worstFirst)[0];
  if (worst === undefined) return null;
  const rule = system.triggers.find((one) => one.id === worst.trigger);
  const spec = system.signals.find((one) => one.id === rule?.signal);
  const nameOf = (scope: string): string => system.organizations.find((org) => org.id === scope)?.name ?? scope;
  return {
    trigger: worst.trigger,
    signal: rule?.signal ?? worst.trigger,
    unit: spec?.signal.kind ?? 'unknown',
    scope: worst.scope,
    scopeName: nameOf(worst.scope),
    status: worst.status,
    unknown: worst.unknown,
    warming: worst.warming,
    value: worst.value,
    limit: limitOf(rule),
    overMs: rule?.breach?.overMs ?? null,
    bad: worst.bad,
    all: worst.all,
    level: worst.level,
    since: worst.since,
    watermark: worst.watermark,
    lastEvaluatedAt: worst.lastEvaluatedAt,
    atBreach: frozenAtBreach(events, worst.trigger),
    scopes: mine.map((view) => ({ scope: view.scope, name: nameOf(view.scope), status: view.status, value: view.value })),
  };
}

function worstFirst(a: TriggerView, b: TriggerView): number {
  return BADNESS.indexOf(b.status) - BADNESS.indexOf(a.status) || (b.value ?? -1) - (a.value ?? -1) || a.scope.localeCompare(b.scope);
}

function limitOf(rule: TriggerRule | undefined): SignalView['limit'] {
  if (rule?.breach?.above !== undefined) return { above: rule.breach.above };
  return rule?.breach?.below === undefined ? null : { below: rule.breach.below };
}

function frozenAtBreach(events: readonly Event[], trigger: string): SignalView['atBreach'] {
  for (const event of events) {
    if (event.type !== 'trigger.changed' || event.data.transition.trigger !== trigger || event.data.transition.to !== 'breached') continue;
    const { value, bad, all, level, pValue, alpha } = event.data.transition.inputs;
    return { value, bad, all, level, pValue, alpha };
  }
  return null;
}
