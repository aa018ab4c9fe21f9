// What comes of an example's triggers: its runbooks, flows, messages and the real API and door of the server, over stores in memory.
// People speak through the API with their own tokens, senders through the door. It judges nothing.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createCel } from '../../../src/adapters/cel/index.ts';
import { createHttp, createNet } from '../../../src/adapters/http/index.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { createRenderer } from '../../../src/adapters/templates/index.ts';
import { createVirtualDocumentStore } from '../../../src/adapters/virtual/document-store.ts';
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
import { createVirtualTime } from '../../../src/adapters/virtual/time.ts';
import type { Event } from '../../../src/domain/event.ts';
import type { Incident } from '../../../src/domain/incident.ts';
import type { Json } from '../../../src/domain/json.ts';
import { openDrivers } from '../../../src/drivers.ts';
import { createCommands } from '../../../src/flows/commands.ts';
import { createOutboxLoop } from '../../../src/flows/communicate.ts';
import { RESPOND, respondFlow } from '../../../src/flows/respond.ts';
import { answerTransitions } from '../../../src/flows/responder.ts';
import type { World } from '../../../src/flows/world.ts';
import { openChannels } from '../../../src/registry.ts';
import { createServer } from '../../../src/server/app.ts';
import { createAuth } from '../../../src/server/auth.ts';
import { HOST } from '../../server/world.ts';
import { createFakeCommandRunner } from '../../world/fakes/command-runner.ts';
import { createFakeDigest } from '../../world/fakes/digest.ts';
import { type ExampleWorld, START } from './world.ts';

export interface Answered {
  readonly status: number;
  readonly body: Readonly<Record<string, Json>>;
}

export interface IncidentWorld {
  /** `belay report`, as the command line asks for it. */
  report(trigger: string, by: string, o?: { readonly text?: string; readonly org?: string }): Promise<Answered>;
  /** Through `/in/<source>`, with the headers of a sender. */
  send(source: string, body: string, headers: Readonly<Record<string, string>>): Promise<number>;
  approve(incident: Incident, by: string): Promise<number>;
  cancel(incident: Incident, by: string): Promise<number>;
  /** Time passes, and what it brought is answered. */
  pass(ms: number): Promise<void>;
  incidents(): Promise<readonly Incident[]>;
  events(incident: Incident): Promise<readonly Event[]>;
  /** Whom messages were sent to, in their order. */
  told(): readonly { readonly to: string; readonly text: string }[];
  close(): void;
}

export async function openIncidents(example: ExampleWorld): Promise<IncidentWorld> {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'belay-example-'));
  const clock = createVirtualTime(START, 5);
  const { world, time } = worldOf(example, clock, dataDir);
  await world.engine.open({ [RESPOND]: respondFlow(world) });
  const bugs: unknown[] = [];
  const outbox = createOutboxLoop({ ...world, time }, { onTrouble: (error) => bugs.push(error) });
  const auth = await createAuth({ dataDir, people: example.system.people, roles: example.system.roles }, { time: world.time });
  const { app } = createServer({
    world,
    commands: createCommands(world),
    auth,
    version: '0.0.0-test',
    receivers: example.receivers,
    onBug: (error) => bugs.push(error),
  });
  const token = (person: string): string => readFileSync(path.join(dataDir, 'tokens', person), 'utf8').trim();
  const answer = async (): Promise<void> => {
    await answerTransitions(world);
    await clock.advance(2_000);
    await outbox.turn(Math.max(clock.now(), world.time.now()));
    if (bugs.length > 0) throw bugs[0];
  };
  let key = 0;
  const post = async (by: string, where: string, body: object): Promise<Answered> => {
    const response = await app.request(where, {
      method: 'POST',
      headers: {
        host: HOST,
        'content-type': 'application/json',
        authorization: `Bearer ${token(by)}`,
        'idempotency-key': `example-${key++}`,
      },
      body: JSON.stringify(body),
    });
    const said = (await response.json()) as Answered['body'];
    await answer();
    return { status: response.status, body: said };
  };
  return {
    report: (trigger, by, o = {}) =>
      post(by, '/v1/reports', { trigger, text: o.text ?? 'I see it', ...(o.org === undefined ? {} : { org: o.org }) }),
    send: async (source, body, headers) =>
      (await app.request(`/in/${source}`, { method: 'POST', headers: { host: HOST, ...headers }, body })).status,
    approve: async (incident, by) => {
      const open = Object.entries(incident.approvals).find(([, approval]) => approval.state === 'open');
      if (open === undefined) throw new Error('nothing waits for approval');
      const [id, { planHash }] = open;
      const where = `/v1/incidents/${incident.id}/approvals/${encodeURIComponent(id)}`;
      return (await post(by, where, { decision: 'grant', planHash })).status;
    },
    cancel: async (incident, by) => (await post(by, `/v1/incidents/${incident.id}/cancel`, { reason: 'it was none' })).status,
    pass: async (ms) => {
      await example.pass(ms);
      await answer();
    },
    incidents: () => world.incidents.list({}),
    events: (incident) => world.incidents.events(incident.id),
    told: () => messagesIn(path.join(dataDir, 'incidents.ndjson')),
    close: () => rmSync(dataDir, { recursive: true, force: true }),
  };
}

function messagesIn(file: string): readonly { readonly to: string; readonly text: string }[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as { to: string; text: string });
}

function worldOf(example: ExampleWorld, clock: ReturnType<typeof createVirtualTime>, dataDir: string) {
  const { system, disk } = example;
  const kill = new KillSwitch();
  const digest = createFakeDigest();
  const time = example.time;
  const stores = { disk, digest, time, kill };
  const pinned = Object.values(example.runbooks).map(({ runbook }) => [
    runbook.id,
    { runbook, irHash: digest.of(runbook as unknown as Json) },
  ]);
  const deps = { http: createHttp({ allow: [] }), time, processes: createProcesses(), baseDir: dataDir, dataDir, say: () => undefined };
  // What they do to real parts is waited for.
  const waited = <T extends object>(one: T): T =>
    new Proxy(one, {
      get: (of, key) => {
        const member: unknown = Reflect.get(of, key);
        if (typeof member !== 'function') return member;
        return (...asked: readonly unknown[]): unknown => {
          const said: unknown = Reflect.apply(member, of, asked);
          return said instanceof Promise ? clock.during(said) : said;
        };
      },
    });
  const { actions, probes } = openDrivers(system, {
    ...{ ...deps, net: createNet({ allow: [] }), expression: createCel(), env: {}, digest, readings: example.detector.readings },
    ...{ pause: createVirtualPause({ disk, kill, time }) },
  });
  const each = <T extends object>(all: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
    Object.fromEntries(Object.entries(all).map(([name, one]) => [name, waited(one)]));
  const world: World = {
    system,
    runbooks: Object.fromEntries(pinned),
    engine: createVirtualEngine({ disk, clock, kill }),
    time,
    digest,
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
    // It may be another one after a kill.
    get readings() {
      return example.detector.readings;
    },
    expression: createCel(),
    renderer: createRenderer(),
    statusPage: null,
    artefacts: { write: async (incident, name) => `${incident}/${name}`, read: async () => null },
    targets: {},
    switches: {},
    channels: openChannels(system, deps),
    commandRunner: createFakeCommandRunner({ disk, kill }),
    actions: each(actions),
    probes: each(probes),
  };
  return { world, time: clock.ofLife(kill) };
}
