// SIGKILL of Postgres in the middle of concurrent writes: what was acknowledged is there, what was refused is not, every chain holds.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore, type Store } from '../../../src/adapters/store-postgres/index.ts';
import { BelayError } from '../../../src/domain/errors.ts';
import { deliveryDraft, expectTrueLogs, note, opening } from '../../contracts/store-kit.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { digest, freshDatabase, migratedTemplate, settableTime } from './kit.ts';

const WRITERS = 6;
let postgres: PostgresPart;
beforeAll(async () => {
  postgres = await startPostgres();
  await migratedTemplate(postgres);
}, 60_000);
afterAll(() => postgres.stop());

interface Ledger {
  readonly done: Set<string>;
  readonly refused: Set<string>;
  readonly unknown: Set<string>;
}

/** Appends until told to stop and books what it was told about each. */
async function write(
  store: Store,
  o: { readonly incident: string; readonly writer: number; readonly ledger: Ledger; readonly stop: AbortSignal },
): Promise<void> {
  for (let n = 0; !o.stop.aborted; n += 1) {
    const key = `${o.writer}/${n}`;
    try {
      await store.incidents.append(o.incident, {
        key,
        events: [note(key)],
        deliveries: [deliveryDraft(key)],
        setTimers: [{ id: key, at: n, kind: 'promise', data: {} }],
      });
      o.ledger.done.add(key);
    } catch (error) {
      if (!BelayError.is(error, 'BELAY_STORE_UNAVAILABLE')) throw error;
      o.ledger[error.effect === 'none' ? 'refused' : 'unknown'].add(key);
    }
  }
}

for (const { round, awayMs } of [
  { round: 1, awayMs: 0 },
  { round: 2, awayMs: 0 },
  { round: 3, awayMs: 2_500 },
  { round: 4, awayMs: 2_500 },
]) {
  test(`round ${round}: no acknowledged append is lost and none is made twice when Postgres is killed and stays away ${awayMs} ms`, async () => {
    const databaseUrl = await freshDatabase(postgres);
    const stores = [1, 2].map(() => openStore({ databaseUrl, digest, time: settableTime(), poolSize: 4 }));
    const [store] = stores as [Store];
    const incidents = await Promise.all(['a', 'b'].map((name) => store.incidents.declare(name, opening(name))));
    const ledger: Ledger = { done: new Set(), refused: new Set(), unknown: new Set() };
    const stop = new AbortController();
    const writers = Array.from({ length: WRITERS }, (_, writer) =>
      write(stores[writer % 2] ?? store, { incident: incidents[writer % 2]?.incident.id ?? '', writer, ledger, stop: stop.signal }),
    );
    await wait(150 + Math.random() * 150);
    const before = ledger.done.size;
    await postgres.kill();
    await wait(awayMs);
    await postgres.restart();
    await expect.poll(() => ledger.done.size, { timeout: 20_000 }).toBeGreaterThan(before + WRITERS * 2);
    stop.abort();
    await Promise.all(writers);

    const written = new Map<string, number>();
    for (const { incident } of incidents) {
      const events = await store.incidents.events(incident.id);
      const keys = events.flatMap((event) => (event.type === 'note.added' ? [event.data.text] : []));
      for (const key of keys) written.set(key, (written.get(key) ?? 0) + 1);
      expect((await store.outbox.ofIncident(incident.id)).map((one) => one.id).toSorted()).toEqual(keys.toSorted());
      expect((await store.incidents.timers(incident.id)).map((one) => one.id).toSorted()).toEqual(keys.toSorted());
    }
    expect([...ledger.done].filter((key) => written.get(key) !== 1)).toEqual([]);
    expect([...ledger.refused].filter((key) => written.has(key))).toEqual([]);
    expect([...written].filter(([key, times]) => times > 1 || !(ledger.done.has(key) || ledger.unknown.has(key)))).toEqual([]);
    if (awayMs > 2_000) expect(ledger.refused.size + ledger.unknown.size).toBeGreaterThan(0);
    await expectTrueLogs({ incidents: store.incidents, digest }, expect);
    await Promise.all(stores.map((one) => one.close()));
  });
}

test('what a killed process was sending is ambiguous at the next look, not at its deadline', async () => {
  const databaseUrl = await freshDatabase(postgres);
  const store = openStore({ databaseUrl, digest, time: settableTime(5_000) });
  const { incident } = await store.incidents.declare('f', opening('f'));
  await store.incidents.append(incident.id, { key: 'k', events: [], deliveries: [deliveryDraft('a'), deliveryDraft('b')] });
  const child = spawn(process.execPath, [fileURLToPath(import.meta.resolve('./claimer.ts')), databaseUrl], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    expect(String(said).trim()).toBe('2');
    expect(await store.outbox.expire(6_000)).toEqual([]);
  } finally {
    child.kill('SIGKILL');
  }
  const lost: string[] = [];
  await expect
    .poll(
      async () => {
        lost.push(...(await store.outbox.expire(6_000)).map((one) => one.id));
        return lost;
      },
      { timeout: 5_000 },
    )
    .toEqual(['a', 'b']);
  expect((await store.outbox.ofIncident(incident.id)).map((one) => [one.state, one.reason])).toEqual([
    ['ambiguous', 'process-lost'],
    ['ambiguous', 'process-lost'],
  ]);
  await store.close();
});
