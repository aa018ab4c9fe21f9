// The fakes of the store's ports keep the contracts that the real store keeps.
import { describe, expect, test } from 'vitest';
import { createVirtualDocumentStore } from '../../src/adapters/virtual/document-store.ts';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualFreezes } from '../../src/adapters/virtual/freezes.ts';
import { createVirtualIncidentStore } from '../../src/adapters/virtual/incident-store.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualOutbox } from '../../src/adapters/virtual/outbox.ts';
import { createVirtualPartLocks } from '../../src/adapters/virtual/part-locks.ts';
import { createVirtualReleaseHistory } from '../../src/adapters/virtual/release-history.ts';
import { createVirtualShadowStore } from '../../src/adapters/virtual/shadow-store.ts';
import { createVirtualSignalStore } from '../../src/adapters/virtual/signal-store.ts';
import { createVirtualSilenceStore } from '../../src/adapters/virtual/silence-store.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import { createFakeCertificates } from '../world/fakes/certificates.ts';
import { createFakeDigest } from '../world/fakes/digest.ts';
import { certificatesContract } from './certificates.ts';
import { documentStoreContract } from './document-store.ts';
import { freezesContract } from './freezes.ts';
import { incidentStoreContract } from './incident-store.ts';
import { outboxContract } from './outbox.ts';
import { partLocksContract } from './part-locks.ts';
import { releaseHistoryContract } from './release-history.ts';
import { shadowStoreContract } from './shadow-store.ts';
import { signalStoreContract } from './signal-store.ts';
import { silenceStoreContract } from './silence-store.ts';
import { deliveryDraft, expectTrueLogs, note, opening, type StoreUnderTest } from './store-kit.ts';

async function makeFakeStore(): Promise<StoreUnderTest> {
  const disk = new DurableDisk();
  const digest = createFakeDigest();
  const time = createVirtualTime(1_000);
  const alive = new Set<string>();
  const live = () => {
    const process = `process ${alive.size + 1}`;
    alive.add(process);
    const deps = { disk, digest, time };
    return {
      process,
      incidents: createVirtualIncidentStore(deps),
      documents: createVirtualDocumentStore(deps),
      signals: createVirtualSignalStore(deps),
      silences: createVirtualSilenceStore(deps),
      shadows: createVirtualShadowStore(deps),
      certificates: createFakeCertificates({ disk }),
      partLocks: createVirtualPartLocks(deps),
      freezes: createVirtualFreezes(deps),
      releases: createVirtualReleaseHistory(deps),
      outbox: createVirtualOutbox({ ...deps, process, isAlive: (one) => alive.has(one) }),
    };
  };
  return {
    ...live(),
    digest,
    now: () => time.now(),
    setNow: (at) => time.jumpWallClock(at - time.now()),
    another: async () => {
      const other = live();
      return { ...other, die: async () => void alive.delete(other.process) };
    },
    close: async () => undefined,
  };
}

const tools = { test, expect };
describe('fake incident store', () => incidentStoreContract(makeFakeStore, tools));
describe('fake document store', () => documentStoreContract(makeFakeStore, tools));
describe('fake outbox', () => outboxContract(makeFakeStore, tools));
describe('fake signal store', () => signalStoreContract(makeFakeStore, tools));
describe('fake shadow store', () => shadowStoreContract(makeFakeStore, tools));
describe('fake locks of parts', () => partLocksContract(makeFakeStore, tools));
describe('fake freezes', () => freezesContract(makeFakeStore, tools));
describe('fake certificates', () => certificatesContract(makeFakeStore, tools));
describe('fake history of releases', () => releaseHistoryContract(makeFakeStore, tools));
describe('fake silence store', () => silenceStoreContract(makeFakeStore, tools));

describe('a kill of the fake store', () => {
  /** One life: everything it does until it is killed, or to the end. */
  async function life(disk: DurableDisk, kill: KillSwitch): Promise<void> {
    const deps = { disk, digest: createFakeDigest(), time: createVirtualTime(1_000), kill };
    const incidents = createVirtualIncidentStore(deps);
    const outbox = createVirtualOutbox(deps);
    const { incident } = await incidents.declare('f', opening('f'));
    await incidents.append(incident.id, { key: 'plan', events: [note('x')], deliveries: [deliveryDraft('d')] });
    const states = (await outbox.ofIncident(incident.id)).map((one) => one.state);
    if (states[0] === 'sending') await outbox.expire(1_000);
    else if (states[0] === 'planned') await outbox.claim(1_000, { limit: 1, deadline: 2_000 });
    const [delivery] = await outbox.ofIncident(incident.id);
    if (delivery?.state !== 'sent') await outbox.move('d', 'sent', { at: 1_500 });
    await createVirtualSignalStore({ disk, kill }).commit({
      slots: [],
      series: [{ source: 's', series: 'a', total: 1, at: 1 }],
      states: [],
      transitions: [],
    });
    await createVirtualDocumentStore(deps).put({ plan: 1 });
  }

  test('at every boundary leaves whole transactions only, and the next life ends the same', async () => {
    const counted = new KillSwitch();
    await life(new DurableDisk(), counted);
    expect(counted.count).toBe(12);
    for (let boundary = 1; boundary <= counted.count; boundary += 1) {
      const disk = new DurableDisk();
      const kill = new KillSwitch(boundary);
      void life(disk, kill);
      await expect.poll(() => kill.dead).toBe(true);
      const judge = {
        incidents: createVirtualIncidentStore({ disk, digest: createFakeDigest(), time: createVirtualTime(1) }),
        digest: createFakeDigest(),
      };
      await expectTrueLogs(judge, expect);
      await life(disk, new KillSwitch());
      await expectTrueLogs(judge, expect);
      const [incident] = await judge.incidents.list();
      const events = await judge.incidents.events(incident?.id ?? '');
      expect(await judge.incidents.list(), kill.passed.join(' ')).toHaveLength(1);
      expect(
        events.filter((event) => event.type === 'comms.changed' && event.data.state === 'sent'),
        kill.passed.join(' '),
      ).toHaveLength(1);
    }
  });
});
