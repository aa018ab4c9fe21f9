// The world around a scene: targets, switches, silences, other triggers and the pause as its marks tell them, for the decision of
// production. Nothing in it can be changed, and it decides nothing.
import { assert } from '../../domain/assert.ts';
import { BelayError } from '../../domain/errors.ts';
import type { RollbackFacts } from '../../domain/guardrail.ts';
import type { Guard, Never, Runbook } from '../../domain/ir.ts';
import type { Instant } from '../../domain/json.ts';
import type { SceneMark } from '../../domain/scene.ts';
import type { Silence } from '../../domain/silence.ts';
import type { System } from '../../domain/system.ts';
import type { TriggerView } from '../../domain/trigger.ts';
import type { DeployTarget, Release } from '../../ports/deploy-target.ts';
import type { Digest } from '../../ports/digest.ts';
import type { Expression } from '../../ports/expression.ts';
import type { FlowSwitch } from '../../ports/flow-switch.ts';
import type { IncidentStore } from '../../ports/incident-store.ts';
import type { Probe } from '../../ports/probe.ts';
import type { Readings } from '../../ports/readings.ts';
import type { ServiceControl } from '../../ports/service-control.ts';
import type { Flag, SettingStore } from '../../ports/settings.ts';
import type { TrafficSplit } from '../../ports/traffic-split.ts';
import { createActions } from '../actions/index.ts';
import { metricProbe } from '../probes/metric.ts';
import { serviceProbe } from '../probes/service.ts';
import { flowProbe, releaseProbe } from '../probes/state.ts';
import { trafficProbe } from '../probes/traffic.ts';
import type { DecidingWorld } from '../shadow.ts';
import type { PinnedRunbook } from '../world.ts';
import { actionsAsTold } from './scene-actions.ts';

/** What a decision needs beside the system and the marks. */
export interface SceneTools {
  readonly runbooks: Readonly<Record<string, PinnedRunbook>>;
  readonly digest: Digest;
  readonly expression: Expression;
}

export interface SceneMoment {
  readonly system: System;
  readonly readings: Readings;
  readonly tools: SceneTools;
  /** Those that have happened by now. */
  readonly marks: readonly SceneMark[];
  /** Triggers that really run here. */
  readonly playing: ReadonlySet<string>;
  readonly start: Instant;
  readonly now: Instant;
}

type Of<W extends SceneMark['what']> = Extract<SceneMark, { what: W }>;

const of = <W extends SceneMark['what']>(marks: readonly SceneMark[], what: W): readonly Of<W>[] =>
  marks.filter((one): one is Of<W> => one.what === what);

export function worldAt(o: SceneMoment): DecidingWorld {
  const targets = Object.fromEntries(o.system.targets.map(({ id }) => [id, targetOf(o, id)]));
  const switches = Object.fromEntries(o.system.switches.map((one) => [one.id, switchOf(o, one)]));
  const services = Object.fromEntries((o.system.services ?? []).map(({ id }) => [id, serviceOf(o, id)]));
  const proxies = Object.fromEntries((o.system.proxies ?? []).map((one) => [one.id, proxyOf(one)]));
  const readings = readingsOf(o);
  const isPaused = of(o.marks, 'pause').at(-1)?.on === true;
  const pause = { read: async () => ({ paused: isPaused, by: [] }), pause: refuse, resume: refuse };
  const probes = [releaseProbe(targets), flowProbe(switches), serviceProbe(services), trafficProbe(proxies), metricProbe(readings)];
  return {
    system: o.system,
    readings,
    targets,
    pause,
    probes: { ...Object.fromEntries(probes.map((one) => [one.spec.name, one])), [TOLD]: toldProbe },
    actions: {
      ...createActions({ targets, switches, services, proxies, pause, ...unsetSettings(o.system) }),
      ...actionsAsTold(o.system, o.marks),
    },
    silences: { add: refuse, end: refuse, list: async () => silencesOf(o) },
    incidents: NO_INCIDENTS,
    documents: { put: refuse, get: refuse },
    time: { now: () => o.now, monotonicMs: () => o.now, sleep: async () => undefined, uuid: () => '' },
    digest: o.tools.digest,
    expression: o.tools.expression,
    runbooks: Object.fromEntries(Object.entries(o.tools.runbooks).map(([id, one]) => [id, asTold(one, o.marks)])),
  };
}

/** A scene says nothing of flags and settings: none is as a runbook wants it yet, so each step about them would be carried out. */
function unsetSettings({ flags, config }: Pick<System, 'flags' | 'config'>) {
  const fixed = { compareAndSet: 'lock', notes: [], set: refuse } as const;
  const flag: Flag = {
    ...fixed,
    ...{ knowsOrgs: true, onUnreachable: null },
    meant: async (to) => to,
    get: async () => ({ value: null, fingerprint: UNSET }),
    evaluate: async () => null,
  };
  const store: SettingStore = {
    ...fixed,
    held: (_key, value) => value,
    keys: async () => [],
    isSecret: () => false,
    mark: () => UNSET,
    // Set and not set at once is nothing: what is to be taken away is there.
    get: async (keys) => ({ values: Object.fromEntries(keys.map((key) => [key, UNSET])), fingerprint: UNSET }),
  };
  return {
    flags: Object.fromEntries((flags ?? []).map(({ id }) => [id, flag])),
    configs: Object.fromEntries((config ?? []).map(({ id }) => [id, store])),
  };
}

const UNSET = 'as before';

async function refuse(): Promise<never> {
  assert(false, 'a scene was asked to change something');
}

/** What was rolled back before is told by marks. */
const NO_INCIDENTS: IncidentStore = {
  declare: refuse,
  append: refuse,
  update: refuse,
  load: refuse,
  byNumber: refuse,
  list: async () => [],
  events: refuse,
  dueTimers: refuse,
  timers: refuse,
  subscribe: () => () => undefined,
};

const unknownTo = (what: string, id: string, form: string): BelayError =>
  new BelayError('BELAY_TARGET_UNREACHABLE', `the scene does not say what ${what} ${id} runs`, { hint: `Add to happens: ${form}` });

function targetOf({ marks, start }: SceneMoment, id: string): DeployTarget {
  const deploys = of(marks, 'deploy').filter((one) => one.target === id);
  const live = deploys.at(-1);
  // Whatever lies before the newest release that leaves no way back.
  const floor = deploys.findLastIndex((one) => !one.wayBack);
  const releases = deploys.map(({ release, atMs }): Release => {
    const status = release === live?.release ? 'live' : 'available';
    return { ref: release, version: release, artefact: release, createdAt: start + atMs, status };
  });
  return {
    caps: { compareAndSet: 'native', freeze: true, restoresConfig: 'none' },
    list: async (limit) => releases.toReversed().slice(0, limit),
    current: async () => {
      if (live === undefined) throw unknownTo('target', id, `-3d: deploy r41 to ${id}`);
      const { release } = live;
      return {
        release,
        fingerprint: `${release}@${live.atMs}`,
        units: [{ id, release, ready: true }],
        frozen: false,
        changedAt: start + live.atMs,
        previous: deploys.findLast((one) => one.release !== release)?.release ?? null,
      };
    },
    restorable: async (release) => {
      const index = deploys.findLastIndex((one) => one.release === release);
      if (index < 0) return { ok: false, why: 'unknown' };
      return index < floor ? { ok: false, why: 'pruned' } : { ok: true, artefact: release };
    },
    rollTo: refuse,
    freeze: refuse,
  };
}

/** Marks tell nothing of proxies: the first one gets everything. */
function proxyOf(spec: NonNullable<System['proxies']>[number]): TrafficSplit {
  const names = spec.driver === 'haproxy' ? spec.servers : Object.keys(spec.upstreams);
  const shares = Object.fromEntries(names.map((name, n) => [name, n === 0 ? 1 : 0]));
  return { compareAndSet: 'none', names, look: async () => ({ shares, up: names, fingerprint: 'told' }), put: refuse };
}

/** Marks tell nothing of services: each of them runs. */
function serviceOf({ start, now }: SceneMoment, id: string): ServiceControl {
  const units = [{ id, life: id, ready: true, startedAt: start }];
  return {
    compareAndSet: 'none',
    verbs: ['restart', 'stop', 'start', 'scale'],
    look: async () => ({ at: now, units, wanted: 1, restarts: 0 }),
    restart: refuse,
    stop: refuse,
    start: refuse,
    scale: refuse,
  };
}

function switchOf({ marks, start }: SceneMoment, { id, ...options }: System['switches'][number]): FlowSwitch {
  const moves = of(marks, 'set').filter((one) => one.switch === id);
  const known = 'values' in options ? options.values : 'workflows' in options ? Object.keys(options.workflows) : [];
  return {
    compareAndSet: 'native',
    values: [...new Set([...known, ...moves.map((one) => one.value)])],
    get: async (org) => {
      const mine = moves.filter((one) => one.who === null || one.who === org);
      const last = mine.at(-1);
      if (last === undefined) throw unknownTo('switch', id, `-3d: set ${id} to ${known[0] ?? 'stable'}`);
      const { value, atMs } = last;
      const previous = mine.findLast((one) => one.value !== value)?.value ?? null;
      return { value, fingerprint: `${value}@${atMs}`, changedAt: start + atMs, previous };
    },
    set: refuse,
  };
}

function silencesOf({ marks, start, now }: SceneMoment): readonly Silence[] {
  return of(marks, 'silence')
    .map(({ who, atMs, forMs }, index): Silence => {
      const from = start + atMs;
      return {
        id: `SIL-${index + 1}`,
        trigger: null,
        org: who,
        from,
        until: from + forMs,
        by: 'the scene',
        reason: 'the scene',
        ended: null,
      };
    })
    .filter((one) => one.until > now);
}

/** Rolled back before; `incident` tells them apart. */
export function rollbacksOf({ marks, start }: Pick<SceneMoment, 'marks' | 'start'>): readonly RollbackFacts[] {
  return of(marks, 'rollback').map(({ target, from, to, who, atMs }, index) => ({
    incident: `mark ${index + 1}`,
    at: start + atMs,
    scope: who ?? '*',
    target: `target:${target}`,
    from,
    to,
  }));
}

/** Triggers that do not play stand as the marks say, and are well where they say nothing. */
function readingsOf({ readings, playing, marks, now }: SceneMoment): Readings {
  const users = of(marks, 'users').at(-1);
  const told = new Map(of(marks, 'trigger').map((one) => [one.trigger, one.isWell]));
  return {
    ...readings,
    views: async (trigger) => {
      if (trigger === undefined || playing.has(trigger)) return readings.views(trigger);
      const isWell = told.get(trigger);
      return [viewOf(trigger, isWell === undefined ? true : isWell, now)];
    },
    users: async () => (users === undefined ? undefined : { affected: users.hit, active: users.active }),
  };
}

function viewOf(trigger: string, isWell: boolean | null, now: Instant): TriggerView {
  const isBroken = isWell === false;
  return {
    trigger,
    scope: '',
    status: isBroken ? 'breached' : 'ok',
    announced: isBroken,
    unknown: isWell === null,
    warming: false,
    episode: isBroken ? `${trigger}/*/${now}` : null,
    since: isBroken ? now : null,
    value: isBroken ? 1 : 0,
    bad: isBroken ? 1 : 0,
    all: 1,
    level: isBroken ? 'act' : 'none',
    overLimit: isBroken,
    watermark: now,
    lastEvaluatedAt: now,
  };
}

/** The probe of a guard whose answer a mark tells: what it finds stands in the condition itself. */
const TOLD = 'told';
const toldProbe: Probe = { spec: { name: TOLD, params: {}, result: {} }, measure: async () => ({ known: true, values: {} }) };

/** The runbook with the answers of its own guards that the marks tell. */
function asTold(pinned: PinnedRunbook, marks: readonly SceneMark[]): PinnedRunbook {
  const told = new Map(of(marks, 'guard').map((one) => [one.guard, one.passes]));
  if (told.size === 0) return pinned;
  const { runbook } = pinned;
  const require = runbook.require.map((guard): Guard => {
    const passes = told.get(guard.id);
    if (passes === undefined) return guard;
    const { id, text } = guard;
    return passes === null ? { id, text, ask: text } : { id, text, probe: TOLD, with: {}, expect: passes ? 'true' : 'false' };
  });
  const never = runbook.never.map((guard): Never => {
    const passes = told.get(guard.id);
    if (passes === undefined) return guard;
    const { id, text } = guard;
    return passes === null ? { id, text, ask: text } : { id, text, probe: TOLD, with: {}, when: passes ? 'false' : 'true' };
  });
  const changed: Runbook = { ...runbook, require, never };
  return { ...pinned, runbook: changed };
}
