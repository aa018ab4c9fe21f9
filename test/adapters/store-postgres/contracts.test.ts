// The contracts of the store's ports on a real Postgres.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { certificatesContract } from '../../contracts/certificates.ts';
import { documentStoreContract } from '../../contracts/document-store.ts';
import { freezesContract } from '../../contracts/freezes.ts';
import { incidentStoreContract } from '../../contracts/incident-store.ts';
import { outboxContract } from '../../contracts/outbox.ts';
import { partLocksContract } from '../../contracts/part-locks.ts';
import { releaseHistoryContract } from '../../contracts/release-history.ts';
import { shadowStoreContract } from '../../contracts/shadow-store.ts';
import { signalStoreContract } from '../../contracts/signal-store.ts';
import { silenceStoreContract } from '../../contracts/silence-store.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { makePostgresStore, migratedTemplate } from './kit.ts';

let postgres: PostgresPart;
beforeAll(async () => {
  postgres = await startPostgres();
  await migratedTemplate(postgres);
}, 60_000);
afterAll(() => postgres.stop());

const make = makePostgresStore(() => postgres);
const tools = { test, expect };
describe('incident store on Postgres', () => incidentStoreContract(make, tools));
describe('document store on Postgres', () => documentStoreContract(make, tools));
describe('outbox on Postgres', () => outboxContract(make, tools));
describe('signal store on Postgres', () => signalStoreContract(make, tools));
describe('shadow store on Postgres', () => shadowStoreContract(make, tools));
describe('locks of parts on Postgres', () => partLocksContract(make, tools));
describe('certificates on Postgres', () => certificatesContract(make, tools));
describe('freezes on Postgres', () => freezesContract(make, tools));
describe('history of releases on Postgres', () => releaseHistoryContract(make, tools));
describe('silence store on Postgres', () => silenceStoreContract(make, tools));
