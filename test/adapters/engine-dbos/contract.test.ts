// The engine on DBOS keeps the contract of the port, on a real embedded Postgres.
import { afterAll, beforeAll, describe } from 'vitest';
import { createDbosEngine } from '../../../src/adapters/engine-dbos/index.ts';
import type { Engine } from '../../../src/ports/engine.ts';
import { engineContract } from '../../contracts/engine.ts';
import type { TestPostgres } from '../../world/parts/embedded-store.ts';
import { openTestPostgres } from '../../world/parts/embedded-store.ts';

describe('the contract on DBOS', () => {
  let store: TestPostgres;
  beforeAll(async () => {
    store = await openTestPostgres();
  });
  afterAll(() => store.remove());

  engineContract(async () => {
    let engine: Engine | null = null;
    return {
      now: () => Date.now(),
      settle: (promise) => promise,
      live: async (flows) => {
        await engine?.close();
        engine = createDbosEngine({ databaseUrl: store.url, embedded: true });
        await engine.open(flows);
        return engine;
      },
      stop: async () => engine?.close(),
    };
  });
});
