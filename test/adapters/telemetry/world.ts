// A page's belay.yaml as it is read, its source behind the real door, detection on a store in memory, a clock that the test moves.
// It judges nothing.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { createCel } from '../../../src/adapters/cel/index.ts';
import { createHttp, createNet } from '../../../src/adapters/http/index.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { DurableDisk } from '../../../src/adapters/virtual/durable-disk.ts';
import { createVirtualSignalStore } from '../../../src/adapters/virtual/signal-store.ts';
import { createVirtualTime } from '../../../src/adapters/virtual/time.ts';
import { loadSystem } from '../../../src/config/load.ts';
import { BelayError } from '../../../src/domain/errors.ts';
import type { Sample } from '../../../src/domain/signal.ts';
import type { System } from '../../../src/domain/system.ts';
import { createDetector } from '../../../src/flows/detect.ts';
import { openSources } from '../../../src/registry.ts';
import { HOST, openDoor } from '../../server/world.ts';

export const NOW = Date.parse('2026-03-01T12:00:00Z');
export const TOKEN = 'a-token-of-the-sender';
const ROOT = path.join(import.meta.dirname, '../../..');

/** The first block of configuration of a page, read by the real loader. */
export function systemOf(page: string, env: Readonly<Record<string, string>>): System {
  const yaml = /^```yaml\n([\s\S]*?)^```$/m.exec(readFileSync(path.join(ROOT, page), 'utf8'))?.[1] ?? '';
  const folder = mkdtempSync(path.join(tmpdir(), 'belay-page-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(path.join(folder, 'belay.yaml'), yaml);
  const { system, diagnostics } = loadSystem(folder, { env });
  if (system === null || diagnostics.length > 0) throw new Error(JSON.stringify(diagnostics, null, 2));
  return system;
}

export async function openTelemetry(system: System) {
  const time = createVirtualTime(NOW);
  let away = false;
  const kept = createVirtualSignalStore({ disk: new DurableDisk() });
  const store: typeof kept = {
    ...kept,
    commit: async (change) => {
      if (away) throw new BelayError('BELAY_STORE_UNAVAILABLE', 'no store');
      await kept.commit(change);
    },
  };
  const deps = { http: createHttp({ allow: [] }), time, processes: createProcesses(), baseDir: ROOT };
  const { sources, receivers } = openSources(system, { ...deps, net: createNet({ allow: [] }), expression: createCel() });
  const samples: Sample[] = [];
  const listened = sources.map((source) => ({
    ...source,
    run: (deliver: Parameters<typeof source.run>[0], signal: AbortSignal) =>
      source.run(async (batch) => {
        await deliver(batch);
        samples.push(...batch.samples);
      }, signal),
  }));
  const detector = createDetector({ system, store, time, sources: listened });
  const refused: { readonly source: string; readonly status: number; readonly reason: string }[] = [];
  const door = await openDoor({ time, sources: system.sources, receivers, onRefused: (one) => refused.push(one) });
  await detector.start();
  onTestFinished(async () => {
    await detector.stop();
    await door.remove();
  });
  return {
    time,
    detector,
    /** All that was durable. */
    samples,
    refused,
    door,
    storeIsAway: (on: boolean): void => {
      away = on;
    },
    send: async (where: string, body: Uint8Array<ArrayBuffer> | string, headers: Readonly<Record<string, string>> = {}) =>
      door.server.app.request(`/in/${where}`, {
        method: 'POST',
        body,
        headers: { host: HOST, authorization: `Bearer ${TOKEN}`, ...headers },
      }),
    statuses: async (trigger: string, scope = '') =>
      (await store.transitions({ trigger, scope })).map((one) => (one.announced ? `${one.to}!` : one.to)),
    view: async (trigger: string, scope = '') => (await detector.readings.views(trigger)).find((one) => one.scope === scope),
  };
}
