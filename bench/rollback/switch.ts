// Measures how long it takes from the decision until the old release answers everybody, and how many requests fail meanwhile: by Belay, by the
// target's own command, and by the written procedure, in the same run at the same target.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCel } from '../../src/adapters/cel/index.ts';
import { openJournalFile } from '../../src/adapters/journal-file/index.ts';
import { createDigest, systemTime } from '../../src/adapters/system/index.ts';
import { performDo } from '../../src/flows/do.ts';
import type { World } from '../../src/flows/world.ts';
import type { Figure, Measure } from '../measure.ts';
import { askOnce, settledOn, startClient } from './client.ts';
import type { Place, PlaceKind } from './place.ts';
import { NOT_MEASURED, PLACES } from './places.ts';

const ROUNDS = { quick: 3, full: 15 } as const;
const WITHIN_MS = 60_000;
/** A client that has asked for this long before the decision has met the bad release in all of its turns. */
const BEFORE_MS = 300;
const OWN_AIM = 1.1;
/** At least five times faster. */
const WRITTEN_AIM = 0.2;

export function switching({ full }: { readonly full: boolean }): Measure {
  const skipped = PLACES.flatMap(({ name, whyNot }) => {
    const why = whyNot();
    return why === null ? [] : [`${name}: ${why}`];
  });
  const all = [...skipped, ...NOT_MEASURED.map((name) => `${name}: this bench opens none`)];
  for (const one of all) process.stderr.write(`SKIPPED: ${one}\n`);
  return {
    name: 'From the decision until the old release answers',
    how: `Real targets. Belay acts under its whole protocol (look, compare, journal on disk, act, confirm by effect); beside it the target's own command (PM2's program; docker run of the image that is still there; docker service rollback, from a service that has just gone forward; curl to Caddy's API; for HAProxy its socket without a program), and what the written procedure types where it reinstalls or builds (npm ci --offline with one dependency, then pm2 restart; docker build --no-cache of busybox and one file, stop, rm, run). A client with four requests at a time on connections of their own asks all the while: the time ends with the first answer after which nobody but the old release answered. ${full ? ROUNDS.full : ROUNDS.quick} rounds, each side first in turn. Skipped: ${all.join('; ')}.`,
    run: async () => {
      const figures: Figure[] = [];
      for (const kind of PLACES) if (kind.whyNot() === null) figures.push(...(await measurePlace(kind, full ? ROUNDS.full : ROUNDS.quick)));
      return figures;
    },
  };
}

type Side = 'belay' | 'own' | 'written';
interface Samples {
  readonly ms: number[];
  readonly failed: number[];
}

async function measurePlace(kind: PlaceKind, rounds: number): Promise<readonly Figure[]> {
  const dir = mkdtempSync(path.join(tmpdir(), 'belay-bench-switch-'));
  const digest = createDigest('bench');
  const journal = await openJournalFile({ dir }, { digest, time: systemTime });
  const place = await kind.open();
  const taken: Record<Side, Samples> = { belay: { ms: [], failed: [] }, own: { ms: [], failed: [] }, written: { ms: [], failed: [] } };
  const acts: Record<Side, (() => Promise<unknown>) | undefined> = {
    belay: () => byBelay({ journal } as Pick<World, 'journal'>, place),
    own: place.own,
    written: place.written,
  };
  try {
    for (let round = 0; round < rounds; round += 1) {
      const sides = (['belay', 'own', 'written'] as const).filter((side) => acts[side] !== undefined);
      for (const side of round % 2 === 0 ? sides : sides.toReversed()) await takeOne(place, acts[side], taken[side]);
    }
  } finally {
    await place.stop();
    await journal.close();
    rmSync(dir, { recursive: true, force: true });
  }
  return figuresOf(kind, taken);
}

async function takeOne(place: Place, act: (() => Promise<unknown>) | undefined, { ms, failed }: Samples): Promise<void> {
  await place.forward();
  await until(place, place.bad);
  const client = startClient(place.at, place.headers);
  try {
    await sleep(BEFORE_MS);
    const decidedAt = performance.now();
    const [found] = await Promise.all([settledOn(client, place.old, decidedAt, WITHIN_MS), act?.()]);
    ms.push(found.ms);
    failed.push(found.failed);
  } finally {
    await client.stop();
  }
}

async function until({ at, headers }: Place, wanted: string): Promise<void> {
  const end = performance.now() + WITHIN_MS;
  for (let inARow = 0; inARow < 10; inARow = (await askOnce(at, headers)) === wanted ? inARow + 1 : 0)
    if (performance.now() > end) throw new Error(`${wanted} did not come up`);
}

async function byBelay({ journal }: Pick<World, 'journal'>, { action, args }: Place): Promise<void> {
  const key = randomUUID();
  const pause = { read: async () => ({ paused: false, by: [] }) };
  const world = { journal, pause, engine: { mayAct: async () => true }, time: systemTime, probes: {}, expression: createCel() };
  const done = await performDo(world as unknown as World, {
    ...{ run: key, incident: 'INC-0', step: 'switch', attempt: 1, reason: 'bench', actor: 'belay', key },
    ...{ action, args, earlier: [], expected: null, verify: [], lookup: () => undefined, timeoutMs: WITHIN_MS },
  });
  if (done.status !== 'done') throw new Error(`Belay ended with ${JSON.stringify(done)}`);
}

function figuresOf({ name, gap }: PlaceKind, { belay, own, written }: Record<Side, Samples>): readonly Figure[] {
  const ratio = (other: Samples): readonly number[] => belay.ms.map((ms, round) => ms / (other.ms[round] ?? Number.NaN));
  return [
    { name: `${name}: Belay`, unit: 'ms', samples: belay.ms },
    { name: `${name}: its own command`, unit: 'ms', samples: own.ms },
    { name: `${name}: Belay against its own command`, unit: '×', samples: ratio(own), aim: OWN_AIM },
    ...(written.ms.length === 0
      ? []
      : [
          { name: `${name}: the written procedure`, unit: 'ms', samples: written.ms },
          { name: `${name}: Belay against the written procedure`, unit: '×', samples: ratio(written), aim: WRITTEN_AIM },
          { name: `${name}: requests failed, written procedure`, unit: '', samples: written.failed },
        ]),
    { name: `${name}: requests failed, Belay`, unit: '', samples: belay.failed, ...(gap === true ? {} : { aim: 0 }) },
    { name: `${name}: requests failed, own command`, unit: '', samples: own.failed },
  ];
}
