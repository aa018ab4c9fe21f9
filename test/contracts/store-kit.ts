// What the contracts of the store's ports share: the store under test, sample events, and the judge of every log.
import type { expect as Expect, test as Test } from 'vitest';
import type { EventDraft } from '../../src/domain/event.ts';
import { GENESIS } from '../../src/domain/event.ts';
import type { Phase } from '../../src/domain/incident.ts';
import { foldLog } from '../../src/domain/incident-fold.ts';
import type { Instant, Json } from '../../src/domain/json.ts';
import type { DeliveryDraft } from '../../src/domain/message.ts';
import type { CertificateStore } from '../../src/ports/certificates.ts';
import type { Digest } from '../../src/ports/digest.ts';
import type { Freezes } from '../../src/ports/freezes.ts';
import type { Change, DocumentStore, IncidentStore } from '../../src/ports/incident-store.ts';
import type { Outbox } from '../../src/ports/outbox.ts';
import type { PartLocks } from '../../src/ports/part-locks.ts';
import type { ReleaseHistory } from '../../src/ports/release-history.ts';
import type { ShadowStore } from '../../src/ports/shadow-store.ts';
import type { SignalStore } from '../../src/ports/signal-store.ts';
import type { SilenceStore } from '../../src/ports/silence-store.ts';

export interface TestTools {
  readonly test: typeof Test;
  readonly expect: typeof Expect;
}

/** One process' view of a store. */
export interface StoreProcess {
  readonly incidents: IncidentStore;
  readonly documents: DocumentStore;
  readonly outbox: Outbox;
  readonly partLocks: PartLocks;
  readonly freezes: Freezes;
  readonly releases: ReleaseHistory;
  readonly signals: SignalStore;
  readonly silences: SilenceStore;
  readonly shadows: ShadowStore;
  readonly certificates: CertificateStore;
}
export interface StoreUnderTest extends StoreProcess {
  readonly digest: Digest;
  /** What the store takes for now. */
  now(): Instant;
  setNow(at: Instant): void;
  /** Another process on the same store. */
  another(): Promise<StoreProcess & { /** As SIGKILL would. */ die(): Promise<void> }>;
  close(): Promise<void>;
}
/** A fresh, empty store. */
export type MakeStore = () => Promise<StoreUnderTest>;

/** Runs the body on a fresh store, then judges every log that it left. */
export async function withStore(make: MakeStore, expect: typeof Expect, body: (store: StoreUnderTest) => Promise<void>): Promise<void> {
  const store = await make();
  try {
    await body(store);
    await expectTrueLogs(store, expect);
  } finally {
    await store.close();
  }
}

/** The stored projection is the fold of the log, and the chain holds, for every incident. */
export async function expectTrueLogs(store: Pick<StoreUnderTest, 'incidents' | 'digest'>, expect: typeof Expect): Promise<void> {
  for (const incident of await store.incidents.list()) {
    const events = await store.incidents.events(incident.id);
    let prev = GENESIS;
    for (const [index, { hash, ...rest }] of events.entries()) {
      expect([rest.seq, rest.prev, rest.incident], incident.id).toEqual([index + 1, prev, incident.id]);
      expect(store.digest.of(rest as unknown as Json), `${incident.id} event ${rest.seq}`).toBe(hash);
      prev = hash;
    }
    expect(JSON.parse(JSON.stringify(foldLog(events))), incident.id).toEqual(incident);
  }
}

const ENGINE = { kind: 'engine', id: 'belay' } as const;

export function declared(
  number: number,
  o: {
    readonly fingerprint?: string;
    readonly at?: Instant;
    readonly run?: string;
    readonly trigger?: string;
    readonly orgs?: readonly string[] | 'all';
  } = {},
): EventDraft {
  return {
    type: 'incident.declared',
    data: {
      number,
      kind: 'real',
      severity: 'P1',
      orgs: o.orgs ?? ['acme'],
      components: ['web'],
      trigger: o.trigger ?? 'errors',
      runbook: 'deploy-rollback',
      fingerprint: o.fingerprint ?? 'errors/acme',
      detectedAt: (o.at ?? 1_000) - 10,
      ...(o.run === undefined ? {} : { run: o.run }),
    },
    at: o.at ?? 1_000,
    actor: ENGINE,
    org: 'acme',
  };
}

export function opening(fingerprint = 'errors/acme', key = `open/${fingerprint}`): (number: number) => Change {
  return (number) => ({ key, events: [declared(number, { fingerprint })] });
}

export function note(text: string, at: Instant = 2_000): EventDraft {
  return { type: 'note.added', data: { by: 'ana', text, lang: 'pt-BR' }, at, actor: { kind: 'user', id: 'ana' } };
}

export function phase(from: Phase, to: Phase, at: Instant = 3_000): EventDraft {
  return { type: 'phase.entered', data: { from, to }, at, actor: ENGINE };
}

export function deliveryDraft(id: string, o: Partial<DeliveryDraft> = {}): DeliveryDraft {
  return {
    id,
    audience: 'team',
    audienceKind: 'responders',
    channel: 'slack',
    to: '#incidents',
    template: 'initial',
    lang: 'pt-BR',
    zone: 'America/Sao_Paulo',
    values: { org: ['Açme'], at: 1_000 },
    thread: 'INC-1',
    exempt: false,
    ...o,
  };
}
