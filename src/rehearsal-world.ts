// The third composition root: Belay over a world that is made up, for `belay test`. Its flows are those of production; everything that they
// stand on is in memory, in a time of its own, and dies where it is told. It is loaded by nothing that serves.
import { createCel } from './adapters/cel/index.ts';
import { createDigest } from './adapters/system/index.ts';
import { createRenderer } from './adapters/templates/index.ts';
import { declaredActions, declaredStates, type Opposites } from './adapters/virtual/declared-action.ts';
import { countedAction, countedCommands, deedsOn } from './adapters/virtual/deeds.ts';
import { createVirtualDeployTarget } from './adapters/virtual/deploy-target.ts';
import { createVirtualDocumentStore } from './adapters/virtual/document-store.ts';
import { DurableDisk } from './adapters/virtual/durable-disk.ts';
import { createVirtualEngine } from './adapters/virtual/engine.ts';
import { createVirtualFlowSwitch } from './adapters/virtual/flow-switch.ts';
import { createVirtualFreezes } from './adapters/virtual/freezes.ts';
import { createVirtualIncidentStore } from './adapters/virtual/incident-store.ts';
import { createVirtualJournal } from './adapters/virtual/journal.ts';
import { KillSwitch } from './adapters/virtual/kill-switch.ts';
import { arrivedOn, createMailbox } from './adapters/virtual/mailbox.ts';
import { allMortal } from './adapters/virtual/mortal.ts';
import { createVirtualOutbox } from './adapters/virtual/outbox.ts';
import { createVirtualPartLocks } from './adapters/virtual/part-locks.ts';
import { createVirtualPause } from './adapters/virtual/pause.ts';
import { createVirtualReleaseHistory } from './adapters/virtual/release-history.ts';
import { createVirtualService } from './adapters/virtual/service-control.ts';
import { createVirtualFlag, createVirtualProxy, createVirtualSettings } from './adapters/virtual/settings.ts';
import { createVirtualShadowStore } from './adapters/virtual/shadow-store.ts';
import { createVirtualSignalStore } from './adapters/virtual/signal-store.ts';
import { createVirtualSilenceStore } from './adapters/virtual/silence-store.ts';
import { createVirtualTime, type VirtualTime } from './adapters/virtual/time.ts';
import { createToldProbe, untoldOn } from './adapters/virtual/told-probe.ts';
import { ACTIONS, PROBES } from './domain/catalog.ts';
import { driverOf } from './domain/integration-catalog.ts';
import { type Runbook, stepsOf } from './domain/ir.ts';
import { catalogOf } from './domain/own-action.ts';
import type { RunbookScene } from './domain/runbook-scene.ts';
import type { System } from './domain/system.ts';
import { createActions } from './flows/actions/index.ts';
import { fireTimers } from './flows/clocks.ts';
import { createOutboxLoop } from './flows/communicate.ts';
import { createDeployRules } from './flows/deploy-policy.ts';
import { EACH_LANE, eachLaneFlow } from './flows/each/lane.ts';
import { EXPIRE, expireFlow } from './flows/expire.ts';
import { createLoop } from './flows/loop.ts';
import { serviceProbe } from './flows/probes/service.ts';
import { configProbe, flagProbe } from './flows/probes/settings.ts';
import { flowProbe, releaseProbe, stableProbe } from './flows/probes/state.ts';
import { trafficProbe } from './flows/probes/traffic.ts';
import { SCENE_START } from './flows/rehearse/scene.ts';
import type { OpenStage, Stage, StageLife } from './flows/rehearse/stage.ts';
import { RESPOND, respondFlow } from './flows/respond.ts';
import { wakeAll, wakeFreed } from './flows/wake.ts';
import type { PinnedRunbook, World } from './flows/world.ts';
import type { Action } from './ports/action.ts';
import type { Readings } from './ports/readings.ts';

/** Loops look around this often: a scene of an hour is over in a moment. */
const LOOK_EVERY_MS = 10_000;
const DAY_MS = 86_400_000;
/** How long the newest release has been live at the beginning. */
const LIVE_MS = 3_600_000;

export interface RehearsalOptions {
  readonly system: System;
  readonly runbooks: Readonly<Record<string, PinnedRunbook>>;
  /** In place of actions of this world. */
  readonly actions?: (disk: DurableDisk) => Readonly<Record<string, Action>>;
}

export function openRehearsal(o: RehearsalOptions): OpenStage {
  const opposites = oppositesIn(Object.values(o.runbooks).map(({ runbook }) => runbook));
  // They know nothing of a play, and what they have read once they know.
  const tools = { digest: createDigest('rehearsal'), expression: createCel(), renderer: createRenderer() };
  return (scene) => openStage({ ...o, tools }, scene, opposites);
}

function oppositesIn(runbooks: readonly Runbook[]): Opposites {
  return runbooks.flatMap(stepsOf).flatMap((step): Opposites => {
    if (step.kind !== 'do' || step.undo === undefined || !('do' in step.undo) || step.undo.do === step.do) return [];
    return [[step.do, step.undo.do]];
  });
}

interface Ground {
  readonly disk: DurableDisk;
  readonly clock: VirtualTime;
  readonly parts: Parts;
  readonly opposites: Opposites;
  readonly state: () => Readonly<Record<string, string>>;
}

interface Opened extends RehearsalOptions {
  readonly tools: Pick<World, 'digest' | 'expression' | 'renderer'>;
}

function openStage(o: Opened, scene: RunbookScene, opposites: Opposites): Stage {
  const disk = new DurableDisk();
  const clock = createVirtualTime(SCENE_START, 7, 1);
  const parts = partsOf(o.system, scene, clock);
  const state = () => ({ ...parts.state(), ...declaredStates(disk) });
  const ground: Ground = { disk, clock, parts, opposites, state };
  return {
    live: (killedAt) => lifeOf(o, scene, ground, new KillSwitch(killedAt)),
    now: () => clock.now(),
    pass: (ms) => clock.advance(ms),
    until: (condition, withinMs) => clock.reaches(condition, withinMs),
    state,
    effects: () => countedBy(deedsOn(disk).map((one) => one.step)),
    arrived: () => arrivedOn(disk),
    untold: () => [...untoldOn(disk).values()],
    cost: () => clock.jumps,
  };
}

function countedBy(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

type Parts = ReturnType<typeof partsOf>;

/** What outlives every life. */
function partsOf(system: System, { world }: RunbookScene, clock: VirtualTime) {
  const now = () => clock.now();
  const each = <S extends { readonly id: string }, T>(specs: readonly S[] | undefined, open: (spec: S) => T): Readonly<Record<string, T>> =>
    Object.fromEntries((specs ?? []).map((spec) => [spec.id, open(spec)]));
  const targets = each(system.targets, ({ id }) => targetOf(world.targets[id], clock));
  const switches = each(system.switches, (spec) => switchOf(spec, world.switches[spec.id] ?? {}, system, now));
  const services = each(system.services, ({ id }) => createVirtualService({ units: world.services[id] ?? 1, now }));
  const flags = each(system.flags, ({ id }) => createVirtualFlag(world.flags[id] ?? false));
  const configs = each(system.config, ({ id }) => createVirtualSettings(world.config[id] ?? {}));
  const proxies = each(system.proxies, (spec) =>
    createVirtualProxy(spec.driver === 'haproxy' ? spec.servers : Object.keys(spec.upstreams)),
  );
  const named = <T>(kind: string, all: Readonly<Record<string, T>>, rows: (one: T) => Readonly<Record<string, unknown>>) =>
    Object.entries(all).flatMap(([id, one]) =>
      Object.entries(rows(one)).flatMap(([of, value]) => {
        const name = of === '' ? id : `${id}/${of}`;
        return [`${kind}.${name}`, name].map((key) => [key, String(value)] as const);
      }),
    );
  const state = (): Readonly<Record<string, string>> =>
    Object.fromEntries([
      ...named('config', configs, (one) => one.states()),
      ...named('flag', flags, (one) => one.states()),
      ...named('service', services, (one) => ({ '': one.units() })),
      ...named('switch', switches, (one) => one.flows()),
      ...named('target', targets, (one) => one.states()),
    ]);
  return { targets, switches, services, flags, configs, proxies, state };
}

function targetOf(told: RunbookScene['world']['targets'][string] | undefined, clock: VirtualTime) {
  const releases = told?.releases ?? ['r2', 'r1'];
  const live = told?.live ?? releases[0] ?? '';
  const before = releases[releases.indexOf(live) + 1] ?? null;
  const start = clock.now();
  return createVirtualDeployTarget({
    releases: releases.toReversed().map((ref, age) => ({
      ref,
      createdAt: start - LIVE_MS - (releases.length - 1 - age) * DAY_MS,
      ...(ref === live ? {} : { stableMs: DAY_MS }),
    })),
    live,
    before: { release: before, changedAt: start - LIVE_MS },
    now: () => clock.now(),
  });
}

function switchOf(spec: System['switches'][number], told: Readonly<Record<string, string>>, { organizations }: System, now: () => number) {
  const known = 'values' in spec ? spec.values : 'workflows' in spec ? Object.keys(spec.workflows) : [];
  const values = [...new Set([...known, ...Object.values(told)])];
  const usual = told['all'] ?? known[0] ?? '';
  return createVirtualFlowSwitch({ flows: Object.fromEntries(organizations.map(({ id }) => [id, told[id] ?? usual])), values, now });
}

function lifeOf(o: Opened, scene: RunbookScene, ground: Ground, kill: KillSwitch): StageLife {
  const world = worldOf(o, scene, ground, kill);
  return {
    world,
    over: kill.over,
    isOver: () => kill.dead,
    passed: kill.passed,
    start: async () => {
      await world.engine.open({ [RESPOND]: respondFlow(world), [EACH_LANE]: eachLaneFlow(world), [EXPIRE]: expireFlow(world) });
      await wakeAll(world);
      const onError = (error: unknown): void => {
        throw error;
      };
      for (const turn of [fireTimers, wakeFreed])
        createLoop({ time: world.time, everyMs: LOOK_EVERY_MS, turn: async () => void (await turn(world)), onError }).start();
      createOutboxLoop(world, { pollMs: LOOK_EVERY_MS, onTrouble: onError }).start();
    },
  };
}

function worldOf(o: Opened, scene: RunbookScene, ground: Ground, kill: KillSwitch): World {
  const { disk, clock, parts } = ground;
  const { system, runbooks } = o;
  const time = clock.ofLife(kill);
  const { digest } = o.tools;
  const stores = { disk, digest, time, kill };
  const pause = createVirtualPause(stores);
  const freezes = createVirtualFreezes(stores);
  const releases = createVirtualReleaseHistory(stores);
  const targets = allMortal(parts.targets, kill);
  const switches = allMortal(parts.switches, kill);
  const ports = { targets, switches, services: parts.services, proxies: parts.proxies, flags: parts.flags, configs: parts.configs };
  const deeds = { disk, kill, time, faults: scene.faults };
  const own = catalogOf(system.actions ?? []);
  const told = Object.values(ACTIONS).filter(({ name }) => driverOf(name) !== null || DECLARED.test(name));
  const specs = { ...Object.fromEntries(told.map((spec) => [spec.name, spec])), ...own };
  // An act is whole or not there: its boundaries are before and after it, whatever carries it.
  const whole = { pause: createVirtualPause({ disk, time, kill: new KillSwitch() }), freezes: createVirtualFreezes({ disk }) };
  const scopes = { freezes: whole.freezes, system, time };
  const actions: Readonly<Record<string, Action>> = {
    ...createActions({ ...ports, pause: whole.pause, scopes, deployRules: createDeployRules(system, targets, releases) }),
    ...declaredActions({ disk, specs, opposites: ground.opposites, done: scene.world.done }),
    ...o.actions?.(disk),
  };
  const counted = Object.entries(allMortal(actions, kill)).map(([name, action]) => [name, countedAction(action, deeds)] as const);
  return {
    ...o.tools,
    ...{ system, runbooks, time, pause, freezes, releases, targets, switches },
    engine: createVirtualEngine({ disk, clock, kill }),
    journal: createVirtualJournal({ disk, kill, digest }),
    incidents: createVirtualIncidentStore(stores),
    documents: createVirtualDocumentStore(stores),
    partLocks: createVirtualPartLocks(stores),
    outbox: createVirtualOutbox(stores),
    signals: createVirtualSignalStore(stores),
    silences: createVirtualSilenceStore(stores),
    shadows: createVirtualShadowStore(stores),
    readings: untoldReadings(time.now),
    statusPage: null,
    artefacts: { write: async (incident, name) => `${incident}/${name}`, read: async () => null },
    channels: Object.fromEntries(system.channels.map(({ id }) => [id, createMailbox({ disk, kill })])),
    actions: Object.fromEntries(counted),
    probes: probesOf(scene, ground, kill),
    commandRunner: countedCommands((order) => commandIn(scene, order.argv.join(' ')), deeds),
    hidden: async (text) => text,
  };
}

/** Those that no port of this world carries. */
const DECLARED = /^(?:intake|db)\.|^service\.(?:keep|delete|create|restore|connect)/;

/** Probes of state look at the world itself, and all others at what the scene tells. */
function probesOf(scene: RunbookScene, { disk, parts, state }: Ground, kill: KillSwitch): World['probes'] {
  const { targets, switches, services, proxies, flags, configs } = parts;
  const real = [
    ...[releaseProbe(targets), stableProbe(targets), flowProbe(switches), serviceProbe(services)],
    ...[trafficProbe(proxies), flagProbe(flags), configProbe(configs)],
  ];
  const told = Object.values(PROBES).map((spec) => createToldProbe(spec, { disk, kill, sees: scene.sees, state }));
  const all = [...told, ...real.filter(({ spec }) => !scene.sees.some((one) => one.probe === spec.name))];
  return allMortal(Object.fromEntries(all.map((probe) => [probe.spec.name, probe])), kill);
}

function commandIn({ commands }: RunbookScene, line: string) {
  const told = commands.find(({ cmd }) => line === cmd || line.startsWith(`${cmd} `));
  return { code: told?.code ?? 0, text: told?.text ?? '', trouble: '', tookMs: 0 };
}

/** A scene of a runbook says nothing of triggers. */
function untoldReadings(now: () => number): Readings {
  const why = 'the scene says nothing of triggers';
  return {
    read: async () => ({ known: false, why, value: 0, lower: 0, upper: 0, bad: 0, all: 0, growing: false, watermark: now() }),
    views: async () => [],
    series: async () => null,
    report: async ({ by }) => ({ status: 'suspect', people: [by], withinMs: 0, enough: false }),
    users: async () => undefined,
    told: async () => [],
    health: async () => ({ watermarkAgeMs: 0, lagMs: 0, deadSources: [] }),
  };
}
