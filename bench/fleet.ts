// Ten thousand organizations with three signals each, as the cost of detection is measured on them: what Belay is told to watch, the
// rules that its peers get, and the remote write requests that all sides are fed with. It measures nothing.
import { DEFAULT_GUARD_LIMITS } from '../src/domain/guardrail.ts';
import type { System } from '../src/domain/system.ts';
import { remoteWriteBody } from './remote-write-request.ts';

export const FLEET_EVERY_MS = 15_000;
const SERIES_A_REQUEST = 2_000;
export const FLEET_SOURCE = 'prom';

const METRICS = [
  { name: 'webhook_total', label: 'status', values: ['2xx', '5xx'], overMs: 900_000, above: 0.02 },
  { name: 'identity_total', label: 'result', values: ['good', 'bad'], overMs: 1_800_000, above: 0.01 },
  { name: 'stage_move_total', label: 'result', values: ['good', 'bad'], overMs: 1_800_000, above: 0.01 },
] as const;

/** The same three rules in the language of the peers; each answers with one row for each organization in breach. */
export const FLEET_RULES = METRICS.map(({ name, label, values, overMs, above }) => ({
  alert: name,
  expr: `sum by (org) (rate(${name}{${label}="${values[1]}"}[${overMs / 60_000}m])) / sum by (org) (rate(${name}[${overMs / 60_000}m])) > ${above}`,
}));

export const FLEET_SYSTEM: System = {
  name: 'bench',
  lang: 'en',
  zone: 'UTC',
  components: [],
  organizations: [],
  sources: [{ id: FLEET_SOURCE, driver: 'remote-write', everyMs: FLEET_EVERY_MS, verify: 'none' }],
  signals: METRICS.map(({ name, label, values }) => ({
    id: name,
    signal: { kind: 'ratio', bad: { name, labels: [{ label, op: '=', value: values[1] }] }, all: { name, labels: [] } },
    by: 'org',
    max: 100_000,
    lateMs: 10_000,
    absentAfter: { cadences: 3 },
    sources: [FLEET_SOURCE],
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

export interface Fleet {
  readonly organizations: number;
  readonly samplesARound: number;
  /** Of all good counters together, as they stand after so many rounds: what a store that lost nothing must hold. */
  totalAfter(round: number): number;
  /** One scrape of all organizations, written anew for each call: many rounds would not fit into memory. */
  requests(round: number, at: number): readonly Uint8Array<ArrayBuffer>[];
}

/** Every hundredth organization is in breach of all three rules. */
export function fleetOf(organizations: number): Fleet {
  const series = Array.from({ length: organizations }, (_, org) => org).flatMap((org) =>
    METRICS.flatMap(({ name, label, values }) =>
      values.map((value, index) => ({
        labels: { __name__: name, instance: `10.0.${org % 4}.1:9090`, job: 'crm', org: `org-${org}`, [label]: value },
        perRound: index === 0 ? 40 + (org % 7) : org % 100 === 0 ? 3 : 0,
      })),
    ),
  );
  const perRound = series.reduce((sum, one) => sum + one.perRound, 0);
  return {
    organizations,
    samplesARound: series.length,
    totalAfter: (round) => round * perRound,
    requests: (round, at) =>
      Array.from({ length: Math.ceil(series.length / SERIES_A_REQUEST) }, (_, n) =>
        remoteWriteBody(
          series
            .slice(n * SERIES_A_REQUEST, (n + 1) * SERIES_A_REQUEST)
            .map(({ labels, perRound }) => ({ labels, samples: [{ value: round * perRound, at }] })),
        ),
      ),
  };
}
