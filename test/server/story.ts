// A system with one organization in trouble, on the fakes: what the tests of the HTTP door and of the war room look at.

import { createVirtualDocumentStore } from '../../src/adapters/virtual/document-store.ts';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualFlowSwitch } from '../../src/adapters/virtual/flow-switch.ts';
import { createVirtualFreezes } from '../../src/adapters/virtual/freezes.ts';
import { createVirtualIncidentStore } from '../../src/adapters/virtual/incident-store.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualOutbox } from '../../src/adapters/virtual/outbox.ts';
import { createVirtualPartLocks } from '../../src/adapters/virtual/part-locks.ts';
import { createVirtualPause, type VirtualPause } from '../../src/adapters/virtual/pause.ts';
import { createVirtualReleaseHistory } from '../../src/adapters/virtual/release-history.ts';
import { createVirtualShadowStore } from '../../src/adapters/virtual/shadow-store.ts';
import { createVirtualSignalStore } from '../../src/adapters/virtual/signal-store.ts';
import { createVirtualSilenceStore } from '../../src/adapters/virtual/silence-store.ts';
import type { EventDraft } from '../../src/domain/event.ts';
import type { Incident } from '../../src/domain/incident.ts';
import type { Instant, Json } from '../../src/domain/json.ts';
import type { DeliveryDraft } from '../../src/domain/message.ts';
import type { Plan } from '../../src/domain/plan.ts';
import type { FrozenInputs, Transition } from '../../src/domain/trigger.ts';
import type { World } from '../../src/flows/world.ts';
import type { Time } from '../../src/ports/time.ts';
import type { ReadWorld } from '../../src/server/snapshot.ts';
import { createFakeDigest } from '../world/fakes/digest.ts';
import { createFakeCommands, type FakeCommands } from './fake-commands.ts';
import { createStoryReadings, type StoryReadings } from './story-readings.ts';
import { RUNBOOK, STEPS, SYSTEM } from './story-system.ts';

const BELAY = { kind: 'engine', id: 'belay' } as const;
const MIN = 60_000;

export interface Story {
  readonly world: ReadWorld;
  readonly commands: FakeCommands;
  readonly pause: VirtualPause;
  readonly readings: StoryReadings;
  readonly plan: Plan;
  readonly incident: string;
  readonly approval: string;
  /** Adds events to the incident, as the engine would. */
  add(events: readonly EventDraft[]): Promise<Incident>;
}

/** An incident of one organization, twelve minutes old, in which a plan waits for its approval. */
export async function createStory(time: Time): Promise<Story> {
  const disk = new DurableDisk();
  const kill = new KillSwitch();
  const digest = createFakeDigest();
  const deps = { disk, digest, time, kill };
  const incidents = createVirtualIncidentStore(deps);
  const documents = createVirtualDocumentStore(deps);
  const pause = createVirtualPause(deps);
  const readings = createStoryReadings(time);
  const checkout = createVirtualFlowSwitch({ flows: { acme: 'stable' }, values: ['stable', 'next'], now: () => time.now() - 9 * MIN });
  checkout.put('acme', 'next');
  const irHash = await documents.put(RUNBOOK as unknown as Json);
  const world = {
    system: SYSTEM,
    runbooks: { 'org-rollback': { runbook: RUNBOOK, irHash } },
    incidents,
    documents,
    pause,
    time,
    partLocks: createVirtualPartLocks(deps),
    freezes: createVirtualFreezes(deps),
    releases: createVirtualReleaseHistory(deps),
    outbox: createVirtualOutbox(deps),
    silences: createVirtualSilenceStore(deps),
    shadows: createVirtualShadowStore(deps),
    signals: createVirtualSignalStore(deps),
    readings,
    targets: {},
    switches: { checkout },
  };
  const plan = await keepPlan(documents, irHash);
  const incident = await openIncident(world, plan, time.now());
  const commands = createFakeCommands(world, plan);
  let appended = 0;
  return {
    world,
    commands,
    pause,
    readings,
    plan,
    incident,
    approval: 'run-1/go#1:approval',
    add: (events) => incidents.append(incident, { key: `test ${appended++}`, events }),
  };
}

async function keepPlan(documents: World['documents'], irHash: string): Promise<Plan> {
  const args = { switch: 'checkout', org: 'acme', to: 'stable' };
  const steps = STEPS.map((one) =>
    one.kind === 'do'
      ? {
          id: one.id,
          kind: one.kind,
          title: one.title,
          action: one.do,
          args,
          current: 'next',
          desired: 'stable',
          expected: 'f1',
          effect: 'change' as const,
          undo: { action: 'flow.set', args: { ...args, to: 'next' } },
          takesMs: 1000,
        }
      : { id: one.id, kind: one.kind, title: one.title, effect: 'none' as const, ...(one.who === undefined ? {} : { who: one.who }) },
  );
  const body = { runbook: 'org-rollback', version: '1.0.0', irHash, inputs: { org: 'acme' }, org: 'acme', steps };
  const planHash = await documents.put(body as unknown as Json);
  return { ...body, planHash, guards: [], unknowns: [] };
}

async function openIncident(world: Pick<World, 'incidents' | 'outbox'>, plan: Plan, now: Instant): Promise<string> {
  const since = now - 12 * MIN;
  const { incident } = await world.incidents.declare('http-5xx/acme', (number) => ({
    key: 'declare',
    events: opening(number, plan, since),
    setTimers: [{ id: 'promise:team', at: now + 3 * MIN, kind: 'promise', data: { audience: 'team' } }],
    deliveries: [delivery('team-1', 'team', 'oncall', 'en'), delivery('clients-1', 'clients', 'acme@example.com', 'pt-BR')],
  }));
  await world.outbox.claim(now + 1000, { limit: 1, deadline: now + 60_000 });
  await world.outbox.move('team-1', 'sent', { at: since + 5000, providerId: 'm-1' });
  return incident.id;
}

function opening(number: number, plan: Plan, since: Instant): EventDraft[] {
  const at = (offsetMs: number) => ({ at: since + offsetMs, actor: BELAY, org: 'acme' });
  const guards = [
    { guard: 'G1', answer: 'pass', reason: 'two sources agree', facts: {} },
    { guard: 'G2', answer: 'pass', reason: 'changed lately', facts: { minutes: 4 } },
    { guard: 'G5', answer: 'inconclusive', reason: 'the others have little traffic', facts: { others: 1 } },
  ] as const;
  return [
    {
      type: 'incident.declared',
      data: {
        number,
        kind: 'real',
        severity: 'P1',
        orgs: ['acme'],
        components: ['shop'],
        trigger: 'http-5xx',
        runbook: 'org-rollback',
        fingerprint: 'http-5xx/acme',
        detectedAt: since + 800,
        run: 'run-1',
      },
      ...at(1000),
    },
    { type: 'trigger.changed', data: { transition: breach(since) }, ...at(1000) },
    {
      type: 'clock.started',
      data: { clock: 'mitigate', startedAt: since, deadline: since + 15 * MIN, warnAt: since + 12 * MIN + 30_000 },
      ...at(1000),
    },
    { type: 'role.assigned', data: { role: 'commander', person: 'ana' }, ...at(1100) },
    { type: 'cause.suspected', data: { what: 'checkout: stable → next', facts: { at: since - 4 * MIN } }, ...at(1200) },
    {
      type: 'decision.made',
      data: {
        choice: 'ask',
        by: 'belay',
        runbook: 'org-rollback',
        planHash: plan.planHash,
        guards,
        options: ['act', 'ask'],
        reason: 'G5 cannot be told',
      },
      ...at(1500),
    },
    {
      type: 'run.started',
      data: { run: 'run-1', runbook: 'org-rollback', irHash: plan.irHash, planHash: plan.planHash, inputs: { org: 'acme' } },
      ...at(1600),
    },
    { type: 'phase.entered', data: { from: 'triage', to: 'responding' }, ...at(1700) },
    { type: 'step.started', data: { step: 'tell', kind: 'notify', title: 'Tell the team', attempt: 1 }, ...at(2000) },
    { type: 'comms.planned', data: { delivery: 'team-1', audience: 'team', channel: 'terminal', template: 'org-initial' }, ...at(2100) },
    { type: 'comms.planned', data: { delivery: 'clients-1', audience: 'clients', channel: 'email', template: 'org-initial' }, ...at(2100) },
    { type: 'step.finished', data: { step: 'tell', attempt: 1, status: 'done', detail: { messages: 2 } }, ...at(2200) },
    { type: 'step.skipped', data: { step: 'look', reason: 'when value > 0.02', facts: {} }, ...at(2300) },
    { type: 'step.started', data: { step: 'go', kind: 'approve', title: 'Approve the switch', attempt: 1 }, ...at(2400) },
    {
      type: 'approval.requested',
      data: {
        id: 'run-1/go#1:approval',
        step: 'go',
        planHash: plan.planHash,
        from: ['commander'],
        min: 1,
        fourEyes: false,
        expiresAt: since + 42 * MIN,
      },
      ...at(2500),
    },
    {
      type: 'check.recorded',
      data: {
        step: 'go',
        probe: 'metric',
        with: { trigger: 'http-5xx', org: 'acme' },
        result: 'fail',
        values: { value: 0.0412, bad: 35, all: 850 },
        expect: 'value < 0.02',
        reason: '',
      },
      ...at(3000),
    },
    {
      type: 'check.recorded',
      data: {
        step: 'go',
        probe: 'metric',
        with: { trigger: 'http-5xx', org: 'acme' },
        result: 'fail',
        values: { value: 0.0412, bad: 35, all: 850 },
        expect: 'value < 0.02',
        reason: '',
      },
      ...at(4000),
    },
  ];
}

function breach(since: Instant): Transition {
  const inputs: FrozenInputs = {
    value: 0.041,
    bad: 35,
    all: 853,
    above: 0.02,
    overMs: 5 * MIN,
    level: 'act',
    pValue: 0.0000412,
    alpha: { suspect: 0.01, act: 0.0001 },
    watermark: since + 700,
    sources: ['app'],
    unknown: false,
    warming: false,
  };
  return {
    trigger: 'http-5xx',
    scope: 'acme',
    episode: 'e1',
    from: 'ok',
    to: 'breached',
    at: since + 700,
    since,
    observedAt: since + 800,
    announced: true,
    inputs,
  };
}

function delivery(id: string, audience: string, to: string, lang: 'en' | 'pt-BR'): DeliveryDraft {
  const audienceKind = audience === 'team' ? 'responders' : 'customers';
  return {
    id,
    audience,
    audienceKind,
    channel: audience === 'team' ? 'terminal' : 'email',
    to,
    template: 'org-initial',
    lang,
    zone: 'America/Sao_Paulo',
    values: {},
    thread: 't1',
    exempt: false,
  };
}

/** The clock of this machine, for tests in a real browser. */
export function realTime(): Time {
  return {
    now: () => Date.now(),
    monotonicMs: () => performance.now(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    uuid: () => crypto.randomUUID(),
  };
}
