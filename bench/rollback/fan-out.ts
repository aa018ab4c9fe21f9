// Measures a fan-out over thousands of organizations against the bare engine that does the same acts in as many steps, and how soon an urgent
// run of one organization begins meanwhile.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, startChild } from '../child.ts';
import type { Measure } from '../measure.ts';
import { makePlace } from '../place.ts';

const SIZES = { quick: { orgs: 400, rounds: 2 }, full: { orgs: 10_000, rounds: 1 } } as const;
const URGENT = 5;
const LOOK_MS = 200;
const RATIO_AIM = 1.2;
const GROWTH_AIM_MB = 200;
const URGENT_AIM_S = 1;

export function fanOut({ full }: { readonly full: boolean }): Measure {
  const { orgs, rounds } = full ? SIZES.full : SIZES.quick;
  return {
    name: `A fan-out over ${orgs} organizations`,
    how: `One process with the real engine, store and journal on an embedded Postgres; the switches are in memory. The bare side runs the same lanes on the engine with the same protocol of \`do\`, and nothing of a fan-out around it: no plan of the part, no record, no halting. ${rounds} rounds, each side first in turn.`,
    run: async () => {
      const place = makePlace();
      const child = startChild(import.meta.resolve('./fan-out-child.ts'), [place.dir, String(orgs)]);
      try {
        await child.heard('ready');
        return await measure(child, rounds);
      } finally {
        await child.end();
        await place.remove();
      }
    },
  };
}

async function measure(child: Child, rounds: number): ReturnType<Measure['run']> {
  const [each, bare]: [number[], number[]] = [[], []];
  await child.ask('warm');
  const before = await child.ask('memory');
  let most = before;
  for (let round = 0; round < rounds; round += 1) {
    const sides = [async () => void each.push(await taken(child, 'each')), async () => void bare.push(await taken(child, 'bare'))];
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) await side();
    most = Math.max(most, await child.ask('memory'));
  }
  const urgent: number[] = [];
  await child.ask('begin');
  for (let one = 0; one < URGENT; one += 1) urgent.push(await child.ask('urgent'));
  while ((await child.ask('took')) < 0) await sleep(LOOK_MS);
  return [
    { name: 'an organization, in a fan-out', unit: 'ms', samples: each },
    { name: 'an organization, on the bare engine', unit: 'ms', samples: bare },
    { name: 'ratio', unit: '×', samples: each.map((ms, round) => ms / (bare[round] ?? Number.NaN)), aim: RATIO_AIM },
    { name: 'memory of the process, grown', unit: 'MB', samples: [most - before], aim: GROWTH_AIM_MB },
    { name: 'an urgent run of one organization begins after', unit: 's', samples: urgent, aim: URGENT_AIM_S },
  ];
}

/** Minutes long: asked for now and then, because a process of the bench may not be silent for one. */
async function taken(child: Child, side: 'each' | 'bare'): Promise<number> {
  await child.ask(side);
  for (;;) {
    const ms = await child.ask('took');
    if (ms >= 0) return ms;
    await sleep(LOOK_MS);
  }
}
