// From a breach to an open incident: one organization or all, which runbook, who has which role, which clocks run.
import type { EventDraft } from '../domain/event.ts';
import type { Locality } from '../domain/guardrail.ts';
import type { Incident } from '../domain/incident.ts';
import type { ClockSpec, Severity } from '../domain/ir.ts';
import { isPerOrg } from '../domain/ir.ts';
import type { Instant, JsonObject } from '../domain/json.ts';
import type { Transition, TriggerRule } from '../domain/trigger.ts';
import type { Change, TimerDraft } from '../ports/incident-store.ts';
import { startClock } from './clocks.ts';
import { BELAY } from './run.ts';
import type { PinnedRunbook, World } from './world.ts';

/** The runbook that a trigger leads to: with an `org` input for one organization, without one for all. */
export function runbookFor(world: Pick<World, 'runbooks'>, trigger: string, locality: Locality): PinnedRunbook | null {
  const perOrg = locality !== 'global';
  return Object.values(world.runbooks).find(({ runbook }) => runbook.triggers.includes(trigger) && isPerOrg(runbook) === perOrg) ?? null;
}

export interface Opening {
  readonly transition: Transition;
  readonly rule: TriggerRule;
  readonly locality: Locality;
  readonly runbook: PinnedRunbook | null;
  readonly run: string;
}

export const fingerprintOf = (trigger: string, scope: string | 'all'): string => `${trigger}/${scope === 'all' ? '*' : scope}`;

/** The open incident that already covers this (trigger, scope), if any: the one that `run` has opened, else that of all. */
export async function coveringIncident(
  world: Pick<World, 'incidents'>,
  { trigger, scope, run }: { readonly trigger: string; readonly scope: string; readonly run?: string },
): Promise<Incident | null> {
  const open = await world.incidents.list({ open: true, trigger, org: scope });
  return open.find((one) => run !== undefined && one.run === run) ?? open.find((one) => one.scope.orgs === 'all') ?? open[0] ?? null;
}

/** What the first transaction of an incident writes. */
export function openingChange(world: Pick<World, 'system'>, opening: Opening, number: number, at: Instant): Change {
  const { transition, locality, runbook } = opening;
  const scope = locality === 'global' ? 'all' : transition.scope;
  // A wrong clock is to be set right, and hurts nobody by itself.
  const severity: Severity = runbook?.runbook.severity ?? (opening.rule.builtIn === undefined ? 'P1' : 'P2');
  const components = runbook?.runbook.components ?? [];
  const stamp = { at, actor: BELAY, ...(scope === 'all' ? {} : { org: scope }) };
  const detectedAt = transition.heldUntil ?? transition.since;
  const clocks = clocksAtOpening(world, runbook, detectedAt, at);
  const orgs = scope === 'all' ? ('all' as const) : [scope];
  const events: EventDraft[] = [
    {
      type: 'incident.declared',
      data: {
        number,
        kind: 'real',
        severity,
        orgs,
        components,
        trigger: transition.trigger,
        runbook: runbook?.runbook.id ?? null,
        fingerprint: fingerprintOf(transition.trigger, scope),
        detectedAt,
        run: opening.run,
      },
      ...stamp,
    },
    { type: 'trigger.changed', data: { transition }, at: transition.at, observedAt: transition.observedAt, actor: BELAY },
    ...rolesAtOpening(world, runbook, at),
    ...components.map(
      (component): EventDraft => ({
        type: 'impact.opened',
        data: { org: scope, component },
        ...stamp,
        at: transition.since,
        observedAt: at,
      }),
    ),
    ...clocks.events,
    ...(transition.to === 'breached'
      ? [{ type: 'phase.entered' as const, data: { from: 'triage' as const, to: 'responding' as const }, ...stamp }]
      : []),
  ];
  return { key: `open/${opening.run}`, events, setTimers: clocks.setTimers };
}

/** For a run that a person starts: no trigger, the caller's word instead. */
export function manualOpening(
  world: Pick<World, 'system'>,
  o: {
    readonly number: number;
    readonly runbook: PinnedRunbook;
    readonly inputs: JsonObject;
    readonly by: string;
    readonly run: string;
    readonly at: Instant;
    readonly fingerprint: string;
  },
): Change {
  const { runbook } = o.runbook;
  const org = typeof o.inputs['org'] === 'string' ? o.inputs['org'] : null;
  const actor = { kind: 'user' as const, id: o.by };
  const stamp = { at: o.at, actor, ...(org === null ? {} : { org }) };
  const clocks = clocksAtOpening(world, o.runbook, o.at, o.at);
  return {
    key: `open/${o.run}`,
    events: [
      {
        type: 'incident.declared',
        data: {
          number: o.number,
          kind: 'real',
          severity: runbook.severity,
          orgs: org === null ? 'all' : [org],
          components: runbook.components,
          trigger: null,
          runbook: runbook.id,
          fingerprint: o.fingerprint,
          detectedAt: o.at,
          run: o.run,
        },
        ...stamp,
      },
      ...rolesAtOpening(world, o.runbook, o.at),
      ...clocks.events,
      { type: 'phase.entered', data: { from: 'triage', to: 'responding' }, ...stamp },
    ],
    setTimers: clocks.setTimers,
  };
}

/** The first person of the team who holds the role; a role that nobody holds is said so. */
function rolesAtOpening(world: Pick<World, 'system'>, runbook: PinnedRunbook | null, at: Instant): EventDraft[] {
  const wanted = runbook === null ? ['commander'] : Object.values(runbook.runbook.roles).map((role) => role.is);
  return [...new Set(wanted)].map((role) => {
    const person = world.system.people.find((one) => one.roles.includes(role));
    return person === undefined
      ? { type: 'role.missing', data: { role }, at, actor: BELAY }
      : { type: 'role.assigned', data: { role, person: person.id }, at, actor: BELAY };
  });
}

function clocksAtOpening(
  world: Pick<World, 'system'>,
  runbook: PinnedRunbook | null,
  detectedAt: Instant,
  at: Instant,
): { events: EventDraft[]; setTimers: TimerDraft[] } {
  const specs: Readonly<Record<string, ClockSpec>> = { ...world.system.clocks, ...runbook?.runbook.clocks };
  const started = Object.entries(specs).flatMap(([id, spec]) => {
    if (spec.from === 'detected') return [startClock(id, spec, detectedAt, at)];
    return spec.from === 'declared' || spec.from === 'incident.declared' ? [startClock(id, spec, at, at)] : [];
  });
  return { events: started.flatMap((one) => one.events), setTimers: started.flatMap((one) => one.setTimers) };
}
