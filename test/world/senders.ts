// Sources that somebody sends to, whole: a page's belay.yaml read by the real loader, opened by the registry, behind the real door, with
// detection on a store in memory and a clock that the test moves. It judges nothing.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { createCel } from '../../src/adapters/cel/index.ts';
import { createHttp, createNet } from '../../src/adapters/http/index.ts';
import { createProcesses } from '../../src/adapters/process/index.ts';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualSignalStore } from '../../src/adapters/virtual/signal-store.ts';
import { createVirtualTime, type VirtualTime } from '../../src/adapters/virtual/time.ts';
import { loadAndLint } from '../../src/config/lint.ts';
import { BelayError } from '../../src/domain/errors.ts';
import type { System } from '../../src/domain/system.ts';
import type { Transition, TriggerView } from '../../src/domain/trigger.ts';
import { createDetector } from '../../src/flows/detect.ts';
import type { Time } from '../../src/ports/time.ts';
import { openSources } from '../../src/registry.ts';
import { TOOLS } from '../config/workspace.ts';
import { HOST, openDoor } from '../server/world.ts';

export const NOW = Date.parse('2026-03-01T12:00:00Z');
const ROOT = path.join(import.meta.dirname, '../..');

/** The blocks of configuration of a page, in their order. */
export function blocksOf(page: string): readonly string[] {
  return [...readFileSync(path.join(ROOT, page), 'utf8').matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? '');
}

/** @throws when the loader has anything to say */
export function systemOf(yaml: string, env: Readonly<Record<string, string>> = {}): System {
  const folder = mkdtempSync(path.join(tmpdir(), 'belay-page-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const whole = yaml.startsWith('belay: 1') ? yaml : `belay: 1\nname: Page\nlang: en\nzone: UTC\n${yaml}`;
  writeFileSync(path.join(folder, 'belay.yaml'), whole);
  const { system, diagnostics } = loadAndLint(folder, { ...TOOLS, env });
  if (system === null || diagnostics.length > 0) throw new Error(JSON.stringify(diagnostics, null, 2));
  return system;
}

export interface Senders {
  readonly time: VirtualTime;
  readonly refused: readonly { readonly source: string; readonly status: number; readonly reason: string }[];
  /** JSON, or bytes as they are. */
  send(where: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** The store refuses commits, or takes them again. */
  store(takes: boolean): void;
  transitions(trigger: string): Promise<readonly Transition[]>;
  statuses(trigger: string, scope?: string): Promise<readonly string[]>;
  count(trigger: string, scope?: string): Promise<number>;
  view(trigger: string, scope?: string): Promise<TriggerView | undefined>;
  /** A real port, until the test is over: the address. */
  listen(): Promise<string>;
  /** kill -9: memory is gone, the store is not. */
  restart(): Promise<void>;
}

/** `clock` instead of the time that the test moves: for senders that are real. */
export async function openSenders(system: System, { clock }: { readonly clock?: Time } = {}): Promise<Senders> {
  const fake = createVirtualTime(NOW);
  const time = clock ?? fake;
  const disk = new DurableDisk();
  const kill = new KillSwitch();
  const refused: { readonly source: string; readonly status: number; readonly reason: string }[] = [];
  let takes = true;
  const store = createVirtualSignalStore({ disk, kill });
  const gated: typeof store = {
    ...store,
    commit: async (change) => {
      if (!takes) throw storeAway();
      await store.commit(change);
    },
  };
  const openLife = async () => {
    const [http, net] = [createHttp({ allow: system.network.allow }), createNet({ allow: system.network.allow })];
    const deps = { http, net, time, processes: createProcesses(), baseDir: '/', expression: createCel() };
    const { sources, receivers } = openSources(system, deps);
    const detector = createDetector({ system, store: gated, time, sources });
    const door = await openDoor({ time, sources: system.sources, receivers, onRefused: (one) => void refused.push(one) });
    await detector.start();
    await fake.runUntilIdle();
    return { detector, door };
  };
  let life = await openLife();
  onTestFinished(async () => {
    await life.detector.stop();
    await life.door.remove();
  });
  const view = async (trigger: string, scope: string) => (await life.detector.readings.views(trigger)).find((one) => one.scope === scope);
  return {
    time: fake,
    refused,
    send: async (where, body, headers = {}) => {
      const bytes = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
      const method = body === undefined ? 'GET' : 'POST';
      const sent = body === undefined ? {} : { body: bytes as string | Uint8Array<ArrayBuffer> };
      return life.door.server.app.request(where, {
        method,
        headers: { host: HOST, 'content-type': 'application/json', ...headers },
        ...sent,
      });
    },
    store: (next) => {
      takes = next;
    },
    transitions: (trigger) => store.transitions({ trigger }),
    statuses: async (trigger, scope = '') => (await store.transitions({ trigger, scope })).map((one) => one.to),
    count: async (trigger, scope = '') => (await view(trigger, scope))?.all ?? 0,
    view: (trigger, scope = '') => view(trigger, scope),
    listen: async () => {
      const listening = await life.door.server.listen(0);
      onTestFinished(() => listening.close());
      return listening.url;
    },
    restart: async () => {
      await life.detector.stop();
      await life.door.remove();
      life = await openLife();
    },
  };
}

function storeAway(): BelayError {
  return new BelayError('BELAY_STORE_UNAVAILABLE', 'the store is away');
}
