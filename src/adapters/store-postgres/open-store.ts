// Belay's own store as one object: opens the connections and hands them to each part. Nothing connects before it is used.
import type { CertificateStore } from '../../ports/certificates.ts';
import type { Digest } from '../../ports/digest.ts';
import type { Freezes } from '../../ports/freezes.ts';
import type { DocumentStore, IncidentStore } from '../../ports/incident-store.ts';
import type { IntakeStore } from '../../ports/intake-store.ts';
import type { Outbox } from '../../ports/outbox.ts';
import type { PartLocks } from '../../ports/part-locks.ts';
import type { ReleaseHistory } from '../../ports/release-history.ts';
import type { ShadowStore } from '../../ports/shadow-store.ts';
import type { SignalStore } from '../../ports/signal-store.ts';
import type { SilenceStore } from '../../ports/silence-store.ts';
import type { Time } from '../../ports/time.ts';
import { createCertificateStore } from './certificates.ts';
import { createChanges } from './changes.ts';
import { openDatabase } from './connection.ts';
import { createDocumentStore } from './documents.ts';
import { createIdempotencyKeys, createPauseRow, type IdempotencyKeys, type PauseRow } from './door-rows.ts';
import { createFreezes } from './freezes.ts';
import { createIncidentStore } from './incidents.ts';
import { createIntakeStore } from './intake.ts';
import { migrate } from './migrate.ts';
import { createOutbox } from './outbox.ts';
import { createPartLocks } from './part-locks.ts';
import { createReleaseHistory } from './release-history.ts';
import { createSession } from './session.ts';
import { createShadowStore } from './shadows.ts';
import { createSignalStore } from './signals.ts';
import { createSilenceStore } from './silences.ts';

export interface StoreOptions {
  /** Must reach Postgres itself, not a pooler in transaction mode: notifications and the sign of life need a session. */
  readonly databaseUrl: string;
  readonly digest: Digest;
  readonly time: Time;
  /** Connections beside the one for notifications. */
  readonly poolSize?: number;
}

export interface Store {
  readonly incidents: IncidentStore;
  readonly documents: DocumentStore;
  readonly partLocks: PartLocks;
  readonly freezes: Freezes;
  readonly releases: ReleaseHistory;
  readonly outbox: Outbox;
  readonly signals: SignalStore;
  readonly silences: SilenceStore;
  readonly shadows: ShadowStore;
  readonly certificates: CertificateStore;
  readonly intake: IntakeStore;
  readonly pauseRow: PauseRow;
  readonly idempotency: IdempotencyKeys;
  /** Brings the schema up to date; call it before anything else. Safe in several processes at once. */
  migrate(): Promise<void>;
  close(): Promise<void>;
}

/**
 * @example
 * const store = openStore({ databaseUrl, digest, time });
 * await store.migrate();
 */
export function openStore({ databaseUrl, digest, time, poolSize = 6 }: StoreOptions): Store {
  const database = openDatabase(databaseUrl, poolSize);
  const changes = createChanges(database, time);
  const session = createSession(databaseUrl, time, changes.received);
  const deps = { database, changes, digest, time, session };
  const incidents = createIncidentStore(deps);
  return {
    incidents: {
      ...incidents,
      subscribe: (listener) => {
        session.start();
        return incidents.subscribe(listener);
      },
    },
    documents: createDocumentStore(database, digest),
    partLocks: createPartLocks(database),
    freezes: createFreezes(database, digest),
    releases: createReleaseHistory(database, digest),
    outbox: createOutbox(deps),
    signals: createSignalStore(database, { digest, time }),
    silences: createSilenceStore(database, digest),
    shadows: createShadowStore(database, digest),
    certificates: createCertificateStore(database),
    intake: createIntakeStore(database, digest),
    pauseRow: createPauseRow(database, time),
    idempotency: createIdempotencyKeys(database, time),
    migrate: async () => {
      await migrate(databaseUrl, digest);
    },
    close: async () => {
      await Promise.all([changes.close(), session.close()]);
      await database.close();
    },
  };
}
