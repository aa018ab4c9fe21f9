// Measures what the Engine port costs above the library that it stands on, both sides in turns so that the machine's load hits both.
import { type Child, startChild } from './child.ts';
import { type Figure, type Measure, quantile } from './measure.ts';
import { makePlace } from './place.ts';

const ROUNDS = 24;
const RUNS_A_ROUND = 5;
const WARM_UP_RUNS = 20;
const AIM = 1.5;

export const engineOverhead: Measure = {
  name: 'The engine: our run of ten steps that do nothing against the bare library',
  how: `Two processes, each on an embedded Postgres of its own with the same settings, take turns: ${ROUNDS} rounds of ${RUNS_A_ROUND} runs each. "Inside" is from the first line of the flow to its last, "whole" from the start to its result as the caller gets it (ours goes through a durable queue, the bare one does not).`,
  run: async () => {
    const places = [makePlace(), makePlace()] as const;
    const sides = [
      startChild(import.meta.resolve('./engine-child.ts'), ['port', places[0].dir]),
      startChild(import.meta.resolve('./engine-child.ts'), ['bare', places[1].dir]),
    ] as const;
    try {
      await Promise.all(sides.map((side) => side.heard('ready')));
      for (const side of sides) for (let run = 0; run < WARM_UP_RUNS; run += 1) await side.ask('whole');
      return [
        ...(await compare(sides, 'inside', 'ms', 'the ten steps, inside')),
        ...(await compare(sides, 'whole', 'ms', 'the whole run')),
      ];
    } finally {
      await Promise.all(sides.map((side) => side.end()));
      await Promise.all(places.map((place) => place.remove()));
    }
  },
};

async function compare(sides: readonly [Child, Child], request: string, unit: string, name: string): Promise<readonly Figure[]> {
  const rounds: { readonly port: readonly number[]; readonly bare: readonly number[] }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    // Neither side is always the first.
    const [first, second] = round % 2 === 0 ? sides : [sides[1], sides[0]];
    const [one, two] = [await runs(first, request), await runs(second, request)];
    rounds.push(round % 2 === 0 ? { port: one, bare: two } : { port: two, bare: one });
  }
  const ratios = rounds.map(({ port, bare }) => quantile(port, 0.5) / quantile(bare, 0.5));
  return [
    { name: `${name}: through the port`, unit, samples: rounds.flatMap(({ port }) => port) },
    { name: `${name}: bare`, unit, samples: rounds.flatMap(({ bare }) => bare) },
    { name: `${name}: ratio of a round's medians`, unit: '×', samples: ratios, aim: AIM },
  ];
}

async function runs(side: Child, request: string): Promise<readonly number[]> {
  const samples: number[] = [];
  for (let run = 0; run < RUNS_A_ROUND; run += 1) samples.push(await side.ask(request));
  return samples;
}
