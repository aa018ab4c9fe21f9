// A real embedded Postgres in a temporary folder, gone after the test.
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EmbeddedPostgres } from '../../../src/adapters/embedded-postgres/index.ts';
import { openEmbeddedPostgres } from '../../../src/adapters/embedded-postgres/index.ts';

export interface TestPostgres {
  readonly dataDir: string;
  readonly url: string;
  readonly server: EmbeddedPostgres;
  readonly remove: () => Promise<void>;
}

/** Reachable for the user that root lends to Postgres, so nothing moves out of the folder. */
export async function makeDataDir(): Promise<{
  readonly dataDir: string;
  readonly runtimeDir: string;
  readonly remove: () => Promise<void>;
}> {
  const base = await mkdtemp(join(tmpdir(), 'belay-store-'));
  await chmod(base, 0o755);
  return { dataDir: join(base, 'data'), runtimeDir: base, remove: () => rm(base, { recursive: true, force: true, maxRetries: 5 }) };
}

export async function openTestPostgres(): Promise<TestPostgres> {
  const place = await makeDataDir();
  const server = await openEmbeddedPostgres(place);
  return {
    dataDir: place.dataDir,
    url: server.url,
    server,
    remove: async () => {
      await server.stop();
      // A test that left a connection open would keep it running; its folder goes all the same.
      try {
        process.kill(server.pid, 'SIGQUIT');
      } catch {
        // Stopped, as it should be.
      }
      await place.remove();
    },
  };
}
