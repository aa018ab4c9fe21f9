// Measures what detection costs: CPU of Belay and of its store for 100 k samples, with few and with many organizations.
import { startChild } from './child.ts';
import type { Figure, Measure } from './measure.ts';
import { makePlace } from './place.ts';

const ORGANIZATIONS = [3, 1_000];
const WARM_UP = 2;
const ROUNDS = 5;
const METERS = [
  { request: 'belay', name: 'CPU of Belay' },
  { request: 'store', name: 'CPU of the store' },
  { request: 'wall', name: 'time' },
];

export const detection: Measure = {
  name: 'Detection: CPU for 100 k samples',
  how: 'Counters of three codes an organization, scraped every 5 s, through the detector into the real store (one ratio trigger by organization, every page committed with fsync before the next), fed as fast as it takes them; scaled to 100,000 samples.',
  run: async () => {
    const figures: Figure[] = [];
    for (const organizations of ORGANIZATIONS) figures.push(...(await measured(organizations)));
    return figures;
  },
};

async function measured(organizations: number): Promise<readonly Figure[]> {
  const place = makePlace();
  try {
    const child = startChild(import.meta.resolve('./detector-child.ts'), [String(organizations), place.dir]);
    await child.heard('ready');
    for (let round = 0; round < WARM_UP; round += 1) await child.ask('feed');
    const samples = METERS.map((): number[] => []);
    for (let round = 0; round < ROUNDS; round += 1) {
      await child.ask('feed');
      for (const [index, { request }] of METERS.entries()) samples[index]?.push(await child.ask(request));
    }
    await child.end();
    return METERS.map(({ name }, index) => ({
      name: `${organizations} organizations: ${name}`,
      unit: 'ms',
      samples: samples[index] ?? [],
    }));
  } finally {
    await place.remove();
  }
}
