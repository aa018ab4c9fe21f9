// Remote write requests through the decoder, alone and into the detector over a store in memory, in a process of its own so that its
// CPU is its own. It tells samples for each second of CPU.

import { systemTime } from '../src/adapters/system/index.ts';
import { createRemoteWrite } from '../src/adapters/telemetry/index.ts';
import { DEFAULT_GUARD_LIMITS } from '../src/domain/guardrail.ts';
import type { Sample } from '../src/domain/signal.ts';
import type { System } from '../src/domain/system.ts';
import { createDetector } from '../src/flows/detect.ts';
import type { SignalStore } from '../src/ports/signal-store.ts';
import { obey, tell } from './child.ts';
import { REMOTE_WRITE_HEADERS, remoteWriteBody } from './remote-write-request.ts';

const ORGANIZATIONS = 10_000;
const METRICS = [
  { name: 'webhook_total', label: 'status', values: ['2xx', '5xx'], overMs: 900_000, above: 0.02 },
  { name: 'identity_total', label: 'result', values: ['good', 'bad'], overMs: 1_800_000, above: 0.01 },
  { name: 'stage_move_total', label: 'result', values: ['good', 'bad'], overMs: 1_800_000, above: 0.01 },
] as const;
const SERIES_A_REQUEST = 2_000;
const EVERY_MS = 15_000;
const START = Date.parse('2026-01-01T00:00:00Z');
/** At least as many as are asked for: the clock of the detector does not go back. */
const ROUNDS = 30;
const US = 1e6;

const SYSTEM: System = {
  name: 'bench',
  lang: 'en',
  zone: 'UTC',
  components: [],
  organizations: [],
  sources: [{ id: 'prom', driver: 'remote-write', everyMs: EVERY_MS, verify: 'none' }],
  signals: METRICS.map(({ name, label, values }) => ({
    id: name,
    signal: { kind: 'ratio', bad: { name, labels: [{ label, op: '=', value: values[1] }] }, all: { name, labels: [] } },
    by: 'org',
    max: 50_000,
    lateMs: 10_000,
    absentAfter: { cadences: 3 },
    sources: ['prom'],
  })),
  triggers: METRICS.map(({ name, overMs, above }) => ({
    id: name,
    signal: name,
    scope: 'org',
    breach: { above, overMs, stillMs: overMs / 12, forMs: 0 },
    clear: { below: above / 2, forMs: 30_000 },
    evidence: { suspect: 1e-3, act: 1e-5 },
    gap: 'hold',
    mode: 'armed',
    rearmMs: overMs,
  })),
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
};

/** It takes everything and keeps nothing: the cost of a store is measured by another measure. */
const store: SignalStore = {
  commit: async () => undefined,
  known: async () => new Set(),
  load: async () => ({ slots: [], series: [], states: [], seen: [] }),
  slots: async () => ({ rows: [], spoken: new Set<number>() }),
  unanswered: async () => [],
  answered: async () => undefined,
  transitions: async () => [],
  prune: async () => undefined,
  history: async () => [],
};

let nowMs = START;
const decoder = createRemoteWrite({ id: 'prom', everyMs: EVERY_MS });
const detector = createDetector({ system: SYSTEM, store, time: { ...systemTime, now: () => nowMs }, sources: [] });
const series = Array.from({ length: ORGANIZATIONS }, (_, org) => org).flatMap((org) =>
  METRICS.flatMap(({ name, label, values }) =>
    values.map((value, index) => ({
      labels: { __name__: name, instance: `10.0.${org % 4}.1:9090`, job: 'crm', org: `org-${org}`, [label]: value },
      // Every hundredth organization has errors.
      perRound: index === 0 ? 40 + (org % 7) : org % 100 === 0 ? 3 : 0,
    })),
  ),
);
// Written before anything is measured: what writing leaves behind would be cleared away while it is measured.
const rounds = Array.from({ length: ROUNDS }, (_, round) => requestsOf(round));
let told = 0;

obey({ decode: () => feed(async () => undefined), detect: () => feed(detect) }, async () => undefined);
tell({ said: 'ready' });

/** The next round. @returns samples for each second of CPU */
async function feed(take: (samples: readonly Sample[]) => Promise<void>): Promise<number> {
  const bodies = rounds[told % ROUNDS] ?? [];
  nowMs = START + told * EVERY_MS;
  told += 1;
  const begun = process.cpuUsage();
  let samples = 0;
  for (const body of bodies) {
    const found = await decoded(body);
    samples += found.length;
    await take(found);
  }
  const { user, system } = process.cpuUsage(begun);
  return samples / ((user + system) / US);
}

const detect = (samples: readonly Sample[]): Promise<void> => detector.ingest({ source: 'prom', at: nowMs, alive: true, samples });

async function decoded(body: Uint8Array) {
  const request = { method: 'POST', path: '/api/v1/write', headers: REMOTE_WRITE_HEADERS, body, at: nowMs } as const;
  return (await decoder.decode(request)).samples;
}

/** One scrape of all organizations. */
function requestsOf(round: number): readonly Uint8Array[] {
  const at = START + round * EVERY_MS;
  return Array.from({ length: Math.ceil(series.length / SERIES_A_REQUEST) }, (_, n) =>
    remoteWriteBody(
      series
        .slice(n * SERIES_A_REQUEST, (n + 1) * SERIES_A_REQUEST)
        .map(({ labels, perRound }) => ({ labels, samples: [{ value: round * perRound, at }] })),
    ),
  );
}
