// Measures what remote write costs: samples for each second of CPU, decoded, and decoded into the detector.
import { startChild } from './child.ts';
import type { Figure, Measure } from './measure.ts';

const WARM_UP = 2;
const ROUNDS = 7;
/** VictoriaMetrics 1.79 took 609,000 samples for each second of CPU. */
const LEAST_PER_SECOND = 610_000;
const US = 1e6;

export const remoteWrite: Measure = {
  name: 'remote-write: CPU of a sample',
  how: 'Remote write v1, 60,000 series of 10,000 organizations, 2,000 series a request: unpacked, decoded and given their labels; then also into the detector (three ratio triggers by organization) over a store that keeps nothing. 1.64 µs are 0.61 M samples for each second of CPU.',
  run: async () => {
    const child = startChild(import.meta.resolve('./remote-write-child.ts'), []);
    try {
      await child.heard('ready');
      const decode = await rates(() => child.ask('decode'));
      const detect = await rates(() => child.ask('detect'));
      return [...figures('decode', decode), ...figures('decode and detect', detect)];
    } finally {
      await child.end();
    }
  },
};

async function rates(ask: () => Promise<number>): Promise<readonly number[]> {
  for (let round = 0; round < WARM_UP; round += 1) await ask();
  const samples: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) samples.push(await ask());
  return samples;
}

const figures = (name: string, perSecond: readonly number[]): readonly Figure[] => [
  { name: `${name}: CPU of a sample`, unit: 'µs', samples: perSecond.map((rate) => US / rate), aim: US / LEAST_PER_SECOND },
  { name: `${name}: samples per CPU-second`, unit: '/s', samples: perSecond },
];
