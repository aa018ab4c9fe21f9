// A world for detection: a service with counters on a page, a clock that the test moves, a store that outlives detectors.
// Refuses to judge: what is true is the test's business.

import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualSignalStore } from '../../src/adapters/virtual/signal-store.ts';
import { DEFAULT_GUARD_LIMITS } from '../../src/domain/guardrail.ts';
import type { Batch, Sample, SignalKind, SignalSpec } from '../../src/domain/signal.ts';
import type { SourceSpec } from '../../src/domain/source-catalog.ts';
import type { System } from '../../src/domain/system.ts';
import type { Transition } from '../../src/domain/trigger.ts';
import { createDetector, type Detector, type DetectorDeps } from '../../src/flows/detect.ts';
import type { SignalStore } from '../../src/ports/signal-store.ts';
import type { Time } from '../../src/ports/time.ts';
import { ERRORS, trigger } from './detect-rules.ts';

export { ERRORS, LATENCY, QUEUE, REQUESTS, SILENCE, trigger } from './detect-rules.ts';

export const START = Date.parse('2025-03-10T12:00:00Z');

export function signal(kind: SignalKind, o: Partial<SignalSpec> = {}): SignalSpec {
  return { id: kind.kind, signal: kind, by: 'org', max: 50_000, lateMs: 10_000, absentAfter: { cadences: 3 }, sources: ['shop'], ...o };
}

export const scrape = (everyMs = 1_000): SourceSpec => ({
  id: 'shop',
  driver: 'prometheus',
  url: 'http://shop.test/metrics',
  everyMs,
  timeoutMs: everyMs,
});

export function system(o: Partial<System> & { readonly orgs?: readonly string[] } = {}): System {
  const { orgs = ['acme', 'globex', 'initech'], ...rest } = o;
  return {
    name: 'shop',
    lang: 'en',
    zone: 'UTC',
    components: [],
    organizations: orgs.map((id) => ({ id, name: id, lang: 'en', zone: 'UTC' })),
    sources: [scrape()],
    signals: [signal(ERRORS)],
    triggers: [trigger('ratio')],
    targets: [],
    switches: [],
    people: [],
    roles: [],
    channels: [],
    audiences: [],
    clocks: {},
    severities: {},
    guards: DEFAULT_GUARD_LIMITS,
    templates: {},
    network: { allow: [] },
    statusPage: null,
    ...rest,
  };
}

/** A service's own counters: what really happened. */
export class Shop {
  readonly #totals = new Map<string, { readonly labels: Readonly<Record<string, string>>; readonly name: string; total: number }>();

  serve(org: string, requests: number, errors: number): void {
    this.add('requests_total', { org, code: '200' }, requests - errors);
    // The error series is born with the first error.
    if (errors > 0) this.add('requests_total', { org, code: '503' }, errors);
  }

  add(name: string, labels: Readonly<Record<string, string>>, amount: number): void {
    const key = JSON.stringify([name, labels]);
    const series = this.#totals.get(key) ?? { name, labels, total: 0 };
    series.total += amount;
    this.#totals.set(key, series);
  }

  /** The process restarts: counters begin again, and series are unborn. */
  restart(): void {
    this.#totals.clear();
  }

  forget(org: string): void {
    for (const [key, series] of this.#totals) if (series.labels['org'] === org) this.#totals.delete(key);
  }

  page(at: number, source = 'shop'): Batch {
    return {
      source,
      at,
      alive: true,
      samples: [...this.#totals.values()].map(({ name, labels, total }): Sample => ({ kind: 'total', name, labels, at, total })),
    };
  }
}

/** Time that only the test moves; loops that wait for it sleep until they are stopped. */
export class StillClock {
  nowMs = START;

  time(): Time {
    return {
      now: () => this.nowMs,
      monotonicMs: () => this.nowMs - START,
      sleep: (_ms, signal) =>
        new Promise((resolve) =>
          signal?.aborted === true ? resolve() : signal?.addEventListener('abort', () => resolve(), { once: true }),
        ),
      uuid: () => '00000000-0000-4000-8000-000000000000',
    };
  }
}

export class DetectWorld {
  readonly clock = new StillClock();
  readonly disk = new DurableDisk();
  readonly shop = new Shop();
  readonly system: System;
  store: SignalStore;
  detector: Detector;
  readonly #more: Partial<DetectorDeps>;

  constructor(o: Partial<System> & { readonly orgs?: readonly string[] } = {}, more: Partial<DetectorDeps> = {}) {
    this.system = system(o);
    this.#more = more;
    this.store = createVirtualSignalStore({ disk: this.disk });
    this.detector = this.#build();
  }

  #build(): Detector {
    return createDetector({ system: this.system, store: this.store, time: this.clock.time(), sources: [], ...this.#more });
  }

  /** kill -9: memory is gone, the disk is not. */
  kill(): void {
    this.store = createVirtualSignalStore({ disk: this.disk });
    this.detector = this.#build();
  }

  async scrape(source = 'shop'): Promise<void> {
    await this.detector.ingest(this.shop.page(this.clock.nowMs, source));
  }

  async dead(reason = 'connection refused', source = 'shop'): Promise<void> {
    await this.detector.ingest({ source, at: this.clock.nowMs, alive: false, reason, samples: [] });
  }

  /** Seconds pass; `traffic` happens in each, then the page is read. */
  async run(seconds: number, traffic: (second: number) => void = () => undefined, everyS = 1): Promise<void> {
    for (let second = 1; second <= seconds; second += 1) {
      this.clock.nowMs += 1_000;
      traffic(second);
      if (second % everyS === 0) await this.scrape();
    }
  }

  async view(trigger = 'ratio', scope = 'acme') {
    const view = (await this.detector.readings.views(trigger)).find((one) => one.scope === scope);
    if (view === undefined) throw new Error(`no view of ${trigger} for ${scope}`);
    return view;
  }

  async transitions(scope = 'acme', trigger = 'ratio'): Promise<readonly Transition[]> {
    return this.store.transitions({ trigger, scope });
  }

  async path(scope = 'acme', trigger = 'ratio'): Promise<readonly string[]> {
    return (await this.transitions(scope, trigger)).map(
      (one) => `${one.from}→${one.to}${one.announced && one.to === 'suspect' ? '!' : ''}`,
    );
  }
}
