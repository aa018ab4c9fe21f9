// A bad release of the shop, in memory: one life of Belay over a disk that outlives it. Everything outside the engine, journal and
// store is here: the target that is rolled back, the audience's mailbox, the traffic's answer. Kill a life, build the next one.
import { createRenderer } from '../../../src/adapters/templates/index.ts';
import { createVirtualDocumentStore } from '../../../src/adapters/virtual/document-store.ts';
import type { DurableDisk } from '../../../src/adapters/virtual/durable-disk.ts';
import { createVirtualEngine } from '../../../src/adapters/virtual/engine.ts';
import { createVirtualFreezes } from '../../../src/adapters/virtual/freezes.ts';
import { createVirtualIncidentStore } from '../../../src/adapters/virtual/incident-store.ts';
import { createVirtualJournal } from '../../../src/adapters/virtual/journal.ts';
import { KillSwitch } from '../../../src/adapters/virtual/kill-switch.ts';
import { createVirtualOutbox } from '../../../src/adapters/virtual/outbox.ts';
import { createVirtualPartLocks } from '../../../src/adapters/virtual/part-locks.ts';
import { createVirtualPause } from '../../../src/adapters/virtual/pause.ts';
import { createVirtualReleaseHistory } from '../../../src/adapters/virtual/release-history.ts';
import { createVirtualShadowStore } from '../../../src/adapters/virtual/shadow-store.ts';
import { createVirtualSignalStore } from '../../../src/adapters/virtual/signal-store.ts';
import { createVirtualSilenceStore } from '../../../src/adapters/virtual/silence-store.ts';
import type { VirtualTime } from '../../../src/adapters/virtual/time.ts';
import { ACTIONS, PROBES } from '../../../src/domain/catalog.ts';
import { DEFAULT_GUARD_LIMITS } from '../../../src/domain/guardrail.ts';
import type { Runbook } from '../../../src/domain/ir.ts';
import type { Json } from '../../../src/domain/json.ts';
import type { System } from '../../../src/domain/system.ts';
import type { Transition, TriggerView } from '../../../src/domain/trigger.ts';
import { fireTimers } from '../../../src/flows/clocks.ts';
import { createOutboxLoop } from '../../../src/flows/communicate.ts';
import { EACH_LANE, eachLaneFlow } from '../../../src/flows/each/lane.ts';
import { EXPIRE, expireFlow } from '../../../src/flows/expire.ts';
import { createLoop } from '../../../src/flows/loop.ts';
import { RESPOND, respondFlow } from '../../../src/flows/respond.ts';
import { answerTransitions } from '../../../src/flows/responder.ts';
import { judgeShadows } from '../../../src/flows/shadow.ts';
import { wakeAll, wakeFreed } from '../../../src/flows/wake.ts';
import type { World } from '../../../src/flows/world.ts';
import type { Action } from '../../../src/ports/action.ts';
import type { Channel } from '../../../src/ports/channel.ts';
import type { DeployTarget } from '../../../src/ports/deploy-target.ts';
import type { Expression } from '../../../src/ports/expression.ts';
import type { Readings } from '../../../src/ports/readings.ts';
import { createFakeAction, fakeTargetOn } from '../fakes/action.ts';
import { createFakeCommandRunner } from '../fakes/command-runner.ts';
import { createFakeDigest } from '../fakes/digest.ts';
import { deployRunbook } from './runbook.ts';

export const START = Date.parse('2025-03-10T03:00:00Z');
export const BAD_RELEASE = 'v1.1.0';
export const GOOD_RELEASE = 'v1.0.0';
const ORGS = ['acme', 'globex', 'initech'];

export const SHOP: System = {
  name: 'Shop',
  lang: 'en',
  zone: 'America/Sao_Paulo',
  components: [{ id: 'shop', title: 'Shop API', criticality: 'critical', dependsOn: [], url: 'http://shop' }],
  organizations: ORGS.map((id) => ({ id, name: id.toUpperCase(), lang: 'en', zone: 'UTC' })),
  sources: [],
  signals: [],
  triggers: [
    {
      id: 'http-5xx',
      signal: 'http.errors',
      scope: 'org',
      breach: { above: 0.02, overMs: 10_000, stillMs: 2_000, forMs: 0 },
      clear: { below: 0.01, forMs: 5_000 },
      evidence: { suspect: 1e-3, act: 1e-5 },
      gap: 'hold',
      mode: 'armed',
      rearmMs: 10_000,
    },
  ],
  targets: [{ id: 'shop', driver: 'release-directory', root: 'service' }],
  switches: [],
  people: [{ id: 'ana', name: 'Ana', roles: ['commander', 'comms'], lang: 'en' }],
  roles: ['commander', 'comms'],
  channels: [{ id: 'mail', driver: 'file', dependsOn: [], path: 'mail.ndjson' }],
  audiences: [{ id: 'team', kind: 'responders', lang: 'en', zone: 'UTC', channels: [{ channel: 'mail', to: ['oncall'] }] }],
  clocks: {},
  severities: {},
  guards: DEFAULT_GUARD_LIMITS,
  templates: {
    initial: { en: '# Errors\n\nWe roll {components} back. Next update {nextUpdate}.' },
    stabilised: { en: '# Stable\n\n{components} is stable.' },
  },
  network: { allow: [] },
  statusPage: null,
};

/** What the outside world counts: the judge of every test. */
export interface Outside {
  readonly mailbox: { readonly id: string; readonly plain: string }[];
  readonly files: Map<string, string>;
}

export function outsideOf(disk: DurableDisk): Outside {
  return disk.part<Outside>('outside', () => ({ mailbox: [], files: new Map() }));
}

export interface SceneOptions {
  readonly disk: DurableDisk;
  readonly clock: VirtualTime;
  readonly kill?: KillSwitch;
  readonly runbook?: Runbook;
  /** For one organization alone; without it only everybody can be rolled back. */
  readonly orgRunbook?: Runbook;
  /** How each organization looks to the trigger; default: all breached. */
  readonly views?: (trigger: string) => readonly TriggerView[];
  /** Instead of `views`: what a detector knows. */
  readonly readings?: Readings;
  /** False: the old release does not heal the service. */
  readonly heals?: boolean;
  readonly system?: System;
  /** More actions than those of the scene's target. */
  readonly actions?: (disk: DurableDisk, kill: KillSwitch) => Readonly<Record<string, Action>>;
  readonly expression?: Expression;
  /** How often its loops look around; half a second, if not given. */
  readonly lookEveryMs?: number;
  /** What this life has instead of the scene's own parts. */
  readonly parts?: (world: World, kill: KillSwitch) => Partial<World>;
}

export type Life = Awaited<ReturnType<typeof startLife>>;

/** One life of Belay, from boot: engine, loops, and what they need. It ends by its kill switch. */
export async function startLife(o: SceneOptions) {
  const { disk, clock, kill = new KillSwitch(), lookEveryMs = 500 } = o;
  const world = createWorld({ ...o, kill });
  await world.engine.open({ [RESPOND]: respondFlow(world), [EACH_LANE]: eachLaneFlow(world), [EXPIRE]: expireFlow(world) });
  await wakeAll(world);
  const trouble: unknown[] = [];
  const loopOf = (everyMs: number, turn: () => Promise<unknown>) =>
    createLoop({ time: world.time, everyMs, turn: async () => void (await turn()), onError: (error) => trouble.push(error) });
  const loops = [
    loopOf(lookEveryMs, () => answerTransitions(world)),
    loopOf(lookEveryMs, () => judgeShadows(world)),
    loopOf(lookEveryMs, () => fireTimers(world)),
    loopOf(lookEveryMs, () => wakeFreed(world)),
  ];
  for (const loop of loops) loop.start();
  const outbox = createOutboxLoop(world, { pollMs: lookEveryMs / 2, onTrouble: (error) => trouble.push(error) });
  outbox.start();
  return { world, kill, trouble, disk, clock };
}

export function createWorld(o: SceneOptions & { readonly kill: KillSwitch }): World {
  const { disk, clock, kill } = o;
  const time = clock.ofLife(kill);
  const digest = createFakeDigest();
  const system = o.system ?? SHOP;
  const runbooks = [o.runbook ?? deployRunbook(), ...(o.orgRunbook === undefined ? [] : [o.orgRunbook])];
  const shop = fakeTargetOn(disk, 'shop', BAD_RELEASE);
  shop.previous ??= GOOD_RELEASE;
  shop.changedAt ||= START - 60_000;
  const frozen = fakeTargetOn(disk, 'freeze', 'open');
  const action = (name: string, target: typeof shop, label: string, wanted: (to: string) => string) =>
    createFakeAction({ spec: ACTIONS[name] as never, target, name: label, kill, wanted: (args) => wanted(String(args['to'])) });
  const stores = { disk, digest, time, kill };
  const world: World = {
    system,
    time,
    digest,
    runbooks: Object.fromEntries(runbooks.map((runbook) => [runbook.id, { runbook, irHash: digest.of(runbook as unknown as Json) }])),
    engine: createVirtualEngine({ disk, clock, kill }),
    journal: createVirtualJournal({ digest: createFakeDigest(), disk, kill }),
    pause: createVirtualPause({ disk, kill, time }),
    incidents: createVirtualIncidentStore(stores),
    documents: createVirtualDocumentStore(stores),
    partLocks: createVirtualPartLocks(stores),
    freezes: createVirtualFreezes(stores),
    releases: createVirtualReleaseHistory(stores),
    outbox: createVirtualOutbox(stores),
    signals: createVirtualSignalStore({ disk, kill }),
    silences: createVirtualSilenceStore({ disk, kill }),
    shadows: createVirtualShadowStore({ disk, kill }),
    readings: o.readings ?? readingsOf(o.views ?? allBreached(time.now), time.now),
    expression: o.expression ?? comparing(),
    renderer: createRenderer(),
    statusPage: null,
    artefacts: {
      write: async (incident, name, content) => {
        await kill.at(`file:${name}:before`);
        outsideOf(disk).files.set(`${incident}/${name}`, content);
        await kill.at(`file:${name}:after`);
        return `/data/incidents/${incident}/${name}`;
      },
      read: async (incident, name) => outsideOf(disk).files.get(`${incident}/${name}`) ?? null,
    },
    targets: { shop: targetOf(shop) },
    commandRunner: createFakeCommandRunner({ disk, kill }),
    switches: {},
    channels: { mail: mailboxOf(disk, kill) },
    actions: {
      'deploy.rollback': action('deploy.rollback', shop, 'target:shop', (to) => to),
      'deploy.activate': action('deploy.activate', shop, 'target:shop', (to) => to),
      'deploy.freeze': action('deploy.freeze', frozen, 'freeze:shop', () => 'frozen'),
      'deploy.thaw': action('deploy.thaw', frozen, 'freeze:shop', () => 'open'),
      ...o.actions?.(disk, kill),
    },
    probes: {
      http: {
        spec: PROBES['http'] as never,
        measure: async () => {
          await kill.gate();
          const ok = shop.value === GOOD_RELEASE && o.heals !== false ? 10 : 4;
          return { known: true, values: { status: 200, ok, tried: 10, latencyMs: 1, found: false } };
        },
      },
    },
  };
  return { ...world, ...o.parts?.(world, kill) };
}

/** Two names or numbers and `==` or `<`: all that the scene's checks say. */
function comparing(): Expression {
  return {
    check: () => [],
    evaluate: (source, _names, values) => {
      const [left, operator, right] = source.split(' ');
      const value = (word: string | undefined): number => Number(values[word ?? ''] ?? word);
      return { ok: true, value: operator === '<' ? value(left) < value(right) : value(left) === value(right) };
    },
  };
}

function targetOf(shop: ReturnType<typeof fakeTargetOn>): DeployTarget {
  const releases = [BAD_RELEASE, GOOD_RELEASE].map((ref, index) => ({
    ref,
    version: ref,
    artefact: ref,
    createdAt: START - index * 86_400_000,
    status: 'available' as const,
  }));
  return {
    caps: { compareAndSet: 'lock', freeze: true, restoresConfig: 'none' },
    list: async () => releases,
    current: async () => ({
      release: shop.value,
      fingerprint: `${shop.value}@${shop.revision}`,
      units: [],
      frozen: false,
      changedAt: shop.changedAt,
      previous: shop.previous,
    }),
    restorable: async (ref) => (releases.some((one) => one.ref === ref) ? { ok: true, artefact: ref } : { ok: false, why: 'unknown' }),
    rollTo: async () => undefined,
    freeze: async () => undefined,
  };
}

/** A mailbox that drops a second message of the same id, as a good receiver does. */
function mailboxOf(disk: DurableDisk, kill: KillSwitch): Channel {
  const { mailbox } = outsideOf(disk);
  return {
    card: { idempotent: true, reconcile: true, edit: false, thread: false, maxLength: 10_000, settleMs: 1_000 },
    send: async ({ id, message }) => {
      await kill.at('mail:before');
      if (!mailbox.some((one) => one.id === id)) mailbox.push({ id, plain: message.plain });
      await kill.at('mail:after');
      return { providerId: id };
    },
    reconcile: async ({ id }) => (mailbox.some((one) => one.id === id) ? { found: true, providerId: id } : { found: false }),
    check: async () => ({ ok: true, why: '' }),
  };
}

function readingsOf(views: (trigger: string) => readonly TriggerView[], now: () => number): Readings {
  return {
    read: async () => ({ known: true, why: '', value: 0, lower: 0, upper: 0.001, bad: 0, all: 1000, growing: false, watermark: now() }),
    views: async (trigger) => views(trigger ?? 'http-5xx'),
    series: async () => null,
    report: async ({ by }) => ({ status: 'suspect', people: [by], withinMs: 3_600_000, enough: false }),
    users: async () => undefined,
    told: async () => [],
    health: async () => ({ watermarkAgeMs: 200, lagMs: 1, deadSources: [] }),
  };
}

export function viewOf(scope: string, at: number, change: Partial<TriggerView> = {}): TriggerView {
  return {
    trigger: 'http-5xx',
    scope,
    status: 'breached',
    announced: false,
    unknown: false,
    warming: false,
    episode: `ep-${scope}`,
    since: at - 2_000,
    value: 0.5,
    bad: 100,
    all: 200,
    level: 'act',
    overLimit: true,
    watermark: at,
    lastEvaluatedAt: at,
    ...change,
  };
}

export const allBreached = (now: () => number) => (): readonly TriggerView[] => ORGS.map((org) => viewOf(org, now()));

export function breachOf(scope: string, at: number, change: Partial<Transition> = {}): Transition {
  return {
    trigger: 'http-5xx',
    scope,
    episode: `http-5xx/${scope}/${START}`,
    from: 'suspect',
    to: 'breached',
    at,
    since: at - 2_000,
    observedAt: at,
    announced: false,
    inputs: {
      value: 0.5,
      bad: 100,
      all: 200,
      above: 0.02,
      overMs: 10_000,
      level: 'act',
      pValue: 1e-9,
      alpha: { suspect: 1e-3, act: 1e-5 },
      watermark: at,
      sources: ['shop'],
      unknown: false,
      warming: false,
    },
    ...change,
  };
}

/** The breach arrives as detection would leave it: durable and unanswered. */
export async function breach(disk: DurableDisk, transition: Transition): Promise<void> {
  await createVirtualSignalStore({ disk }).commit({ slots: [], series: [], states: [], transitions: [transition] });
}
