// Remote write requests through the decoder, alone and into the detector over a store in memory, in a process of its own so that its
// CPU is its own. It tells samples for each second of CPU.

import { systemTime } from '../src/adapters/system/index.ts';
import { createRemoteWrite } from '../src/adapters/telemetry/index.ts';
import type { Samples } from '../src/domain/signal.ts';
import { createDetector } from '../src/flows/detect.ts';
import type { SignalStore } from '../src/ports/signal-store.ts';
import { obey, tell } from './child.ts';
import { FLEET_EVERY_MS, FLEET_SOURCE, FLEET_SYSTEM, fleetOf } from './fleet.ts';
import { REMOTE_WRITE_HEADERS } from './remote-write-request.ts';

const ORGANIZATIONS = 10_000;
const START = Date.parse('2026-01-01T00:00:00Z');
/** At least as many as are asked for: the clock of the detector does not go back. */
const ROUNDS = 30;
const US = 1e6;

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
const decoder = createRemoteWrite({ id: FLEET_SOURCE, everyMs: FLEET_EVERY_MS });
const detector = createDetector({ system: FLEET_SYSTEM, store, time: { ...systemTime, now: () => nowMs }, sources: [] });
const fleet = fleetOf(ORGANIZATIONS);
// Written before anything is measured: what writing leaves behind would be cleared away while it is measured.
const rounds = Array.from({ length: ROUNDS }, (_, round) => fleet.requests(round, START + round * FLEET_EVERY_MS));
let told = 0;

obey({ decode: () => feed(async () => undefined), detect: () => feed(detect) }, async () => undefined);
tell({ said: 'ready' });

/** The next round. @returns samples for each second of CPU */
async function feed(take: (samples: Samples) => Promise<void>): Promise<number> {
  const bodies = rounds[told % ROUNDS] ?? [];
  nowMs = START + told * FLEET_EVERY_MS;
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

const detect = (samples: Samples): Promise<void> => detector.ingest({ source: FLEET_SOURCE, at: nowMs, alive: true, samples });

async function decoded(body: Uint8Array) {
  const request = { method: 'POST', path: '/api/v1/write', headers: REMOTE_WRITE_HEADERS, body, at: nowMs } as const;
  return (await decoder.decode(request)).samples;
}
