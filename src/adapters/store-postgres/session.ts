// The one connection that lives as long as the process: it listens for notifications and holds the lock that shows others
// that this process is alive. It reconnects for ever; what was missed meanwhile is not its business.
import pg from 'pg';
import type { Time } from '../../ports/time.ts';
import { clientConfig } from './connection.ts';
import { asStoreError } from './store-errors.ts';

export const CHANNEL = 'belay_incident';
/** First half of the two-part advisory lock; the second is the number of the process. */
export const ALIVE_LOCK = 23_529;
const RECONNECT_MS = [20, 100, 400, 1_000, 3_000];

export interface Session {
  /** Starts the connection if need be; resolves with this process's number once its lock is held. @throws BELAY_STORE_UNAVAILABLE */
  alive(): Promise<number>;
  start(): void;
  close(): Promise<void>;
}

export function createSession(databaseUrl: string, time: Time, onNotification: (payload: string) => void): Session {
  const stop = new AbortController();
  let number: number | null = null;
  let running: Promise<void> | null = null;
  let connected: Promise<void> | null = null;

  const open = async (): Promise<pg.Client> => {
    const client = new pg.Client({ ...clientConfig(databaseUrl, 'belay session'), query_timeout: 10_000 });
    client.on('error', () => undefined); // `end` follows.
    client.on('notification', (message) => message.payload !== undefined && onNotification(message.payload));
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
      number ??= Number((await client.query<{ n: string }>(`select nextval('belay.process_number') as n`)).rows[0]?.n);
      await client.query('select pg_advisory_lock($1, $2)', [ALIVE_LOCK, number]);
      return client;
    } catch (error) {
      await client.end().catch(() => undefined); // The first error is the one to tell.
      throw error;
    }
  };
  const hold = async (client: pg.Client): Promise<void> => {
    await new Promise<void>((resolve) => {
      client.once('end', resolve);
      if (stop.signal.aborted) resolve();
      else stop.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await client.end().catch(() => undefined); // Gone is what it should be.
  };
  const run = async (): Promise<void> => {
    for (let failures = 0; !stop.signal.aborted; failures += 1) {
      const opening = open();
      connected = opening.then(() => undefined);
      connected.catch(() => undefined); // Whoever needs it awaits it; nobody may.
      const client = await opening.catch(() => null);
      if (client !== null) {
        failures = 0;
        await hold(client);
      }
      await time.sleep(RECONNECT_MS[Math.min(failures, RECONNECT_MS.length - 1)] ?? 0, stop.signal);
    }
  };
  const start = (): void => {
    if (!stop.signal.aborted) running ??= run();
  };
  return {
    start,
    alive: async () => {
      start();
      try {
        await connected;
      } catch (error) {
        throw asStoreError(error, 'none');
      }
      return number ?? 0;
    },
    close: async () => {
      stop.abort();
      await running;
    },
  };
}
