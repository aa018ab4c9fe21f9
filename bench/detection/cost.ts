// What ten thousand organizations with three triggers each cost in CPU, from the request of the sender to the durable state and the
// evaluated rules, beside what the same samples and rules cost the peers; and how Belay's cost grows with the number of organizations.
import { setTimeout as sleep } from 'node:timers/promises';
import { FLEET_EVERY_MS, FLEET_RULES, type Fleet, fleetOf } from '../fleet.ts';
import { cpuMs, memoryMiB, treeOf } from '../process-tree.ts';
import { type CostSide, PEERS, startBelaySide } from './cost-sides.ts';
import { feedRounds } from './feed.ts';
import { type Part, perSecond, type Row, type Run } from './row.ts';

const ROUNDS = 124;
const ROUNDS_AN_HOUR = 3_600_000 / FLEET_EVERY_MS;
/** New series cost every side more than known ones: an hour has them once, so these rounds are left out of all sides' figures. */
const WARM_UP = 4;
const EVALUATIONS = 6;
/** Whole minutes, of four rounds each: closing one costs more than the rounds within it. */
const GROWTH: readonly (readonly [organizations: number, rounds: number])[] = [
  [1_000, 120],
  [10_000, 16],
  [100_000, 8],
];
/** The first minute that is closed makes what the later ones only fill, so it is left out with the new series. */
const GROWTH_WARM_UP = 6;
const AIM = { victoria: 8, prometheus: 10, flat: 1.3 } as const;

interface Cost {
  readonly side: string;
  readonly samplesPerCpuS: number;
  readonly hourCpuS: number;
  readonly evaluationCpuS: number;
  readonly peakMiB: number;
}

export async function cost(run: Run): Promise<Part> {
  const fleet = fleetOf(run.quick ? 1_000 : 10_000);
  const startAt = Math.floor(Date.now() / FLEET_EVERY_MS) * FLEET_EVERY_MS - ROUNDS * FLEET_EVERY_MS;
  const wanted = (fleet.organizations / 100) * FLEET_RULES.length;
  const total = ROUNDS * (PEERS.length + 1);
  const costs: Cost[] = [];
  const measured = async (side: CostSide): Promise<void> => {
    const done = costs.length * ROUNDS;
    costs.push(await costOf(side, { fleet, startAt, wanted }, (round) => run.progress(done + round, total, side.name)));
  };
  for (const start of PEERS) {
    const side = await start();
    try {
      await measured(side);
    } finally {
      await side.stop();
    }
  }
  const belay = await startBelaySide(startAt);
  try {
    await measured(belay);
    const breached = await belay.ask('breached');
    await belay.killAndRestart();
    const lost = fleet.totalAfter(ROUNDS - 1) - (await belay.ask('counted'));
    return { rows: rowsOf(costs, { breached, wanted, lost }), how: howOf(fleet) };
  } finally {
    await belay.stop();
  }
}

interface Load {
  readonly fleet: Fleet;
  readonly startAt: number;
  readonly wanted: number;
}

async function costOf(side: CostSide, { fleet, startAt, wanted }: Load, onRound: (round: number) => void): Promise<Cost> {
  const spent = (): number => cpuMs(side.pids().flatMap(treeOf)) / 1_000;
  let peakMiB = 0;
  const sampling = setInterval(() => {
    peakMiB = Math.max(peakMiB, memoryMiB(...side.pids()));
  }, 500);
  try {
    const feed = { url: side.url, fleet, startAt };
    await feedRounds(feed, 0, WARM_UP, onRound);
    const before = spent();
    await feedRounds(feed, WARM_UP, ROUNDS, onRound);
    // What a side still does with what it has answered belongs to it.
    await sleep(3_000);
    const ingestS = spent() - before;
    const evaluationCpuS = await evaluated(side, { at: startAt + (ROUNDS - 1) * FLEET_EVERY_MS, wanted, spent });
    const samples = (ROUNDS - WARM_UP) * fleet.samplesARound;
    const samplesPerCpuS = samples / ingestS;
    return {
      side: side.name,
      samplesPerCpuS,
      evaluationCpuS,
      hourCpuS: (ROUNDS_AN_HOUR * fleet.samplesARound) / samplesPerCpuS + ROUNDS_AN_HOUR * evaluationCpuS,
      peakMiB,
    };
  } finally {
    clearInterval(sampling);
  }
}

/** CPU of one evaluation of all three rules. */
async function evaluated(
  { evaluate, name }: CostSide,
  { at, wanted, spent }: { readonly at: number; readonly wanted: number; readonly spent: () => number },
): Promise<number> {
  if (evaluate === null) return 0;
  const before = spent();
  for (let round = 0; round < EVALUATIONS; round += 1) {
    let found = 0;
    for (const { expr } of FLEET_RULES) found += await evaluate(expr, at - round * 1_000);
    if (found !== wanted) throw new Error(`${name} finds ${found} organizations in breach, ${wanted} are`);
  }
  return (spent() - before) / EVALUATIONS;
}

function rowsOf(costs: readonly Cost[], o: { readonly breached: number; readonly wanted: number; readonly lost: number }): readonly Row[] {
  const [victoria, prometheus, belay] = costs;
  const rows = costs.flatMap((one): Row[] => [
    { measure: 'cost: ingest', side: one.side, figure: `${perSecond(one.samplesPerCpuS)} samples of CPU` },
    {
      measure: 'cost: one evaluation of the rules',
      side: one.side,
      figure: one === belay ? 'with each sample' : `${one.evaluationCpuS.toFixed(2)} CPU-s`,
    },
    { measure: 'cost: an hour, ingest and rules every 15 s', side: one.side, figure: `${one.hourCpuS.toFixed(1)} CPU-s` },
    { measure: 'cost: peak memory', side: one.side, figure: `${one.peakMiB.toFixed(0)} MiB` },
  ]);
  const ratio = (peer: Cost | undefined): number => (peer?.hourCpuS ?? 0) / (belay?.hourCpuS ?? 1);
  const ingest = (belay?.samplesPerCpuS ?? 0) / (victoria?.samplesPerCpuS ?? 1);
  return [
    ...rows,
    judged(
      'an hour beside VictoriaMetrics + vmalert',
      `1/${ratio(victoria).toFixed(1)}`,
      `≤ 1/${AIM.victoria}`,
      ratio(victoria) >= AIM.victoria,
    ),
    judged('an hour beside Prometheus', `1/${ratio(prometheus).toFixed(1)}`, `≤ 1/${AIM.prometheus}`, ratio(prometheus) >= AIM.prometheus),
    judged('ingest into durable state', `${ingest.toFixed(2)}× VictoriaMetrics`, '≥ 1×', ingest >= 1),
    judged('organizations in breach', `${o.breached} of ${o.wanted}`, 'all of them', o.breached === o.wanted),
    judged('acknowledged and lost over kill -9', `${o.lost} counts`, '0', o.lost === 0),
  ];
}

const judged = (measure: string, figure: string, aim: string, met: boolean): Row => ({ measure, side: 'Belay', figure, aim, met });

const howOf = (fleet: Fleet): string =>
  `${fleet.organizations} organizations with three counters of two series each, a sample every 15 s, ${ROUNDS} rounds by remote write, 2,000 series a request, four requests at a time, one side after the other; the first ${WARM_UP} rounds are not counted. CPU of all processes of a side: Belay's node (door, decoder, detector) and its Postgres, which commits with fsync before the answer. Belay's clock is that of the samples. An hour is ${ROUNDS_AN_HOUR} rounds at the measured ingest, and for the peers ${ROUNDS_AN_HOUR} times the measured CPU of one evaluation of the three rules (without what vmalert itself needs). At the end Belay and its Postgres are killed and started again, and all counts are added up.`;

export async function growth(run: Run): Promise<Part> {
  const sizes = run.quick ? GROWTH.slice(0, 2) : GROWTH;
  const costs: { readonly organizations: number; readonly us: number; readonly peakMiB: number }[] = [];
  for (const [index, [organizations, rounds]] of sizes.entries()) {
    const fleet = fleetOf(organizations);
    const startAt = Math.floor(Date.now() / FLEET_EVERY_MS) * FLEET_EVERY_MS - ROUNDS * FLEET_EVERY_MS;
    const belay = await startBelaySide(startAt);
    try {
      const feed = { url: belay.url, fleet, startAt };
      const told = (round: number): void =>
        run.progress(index * 100 + (100 * round) / (rounds + GROWTH_WARM_UP), sizes.length * 100, `${organizations} organizations`);
      await feedRounds(feed, 0, GROWTH_WARM_UP, told);
      const before = cpuMs(belay.pids().flatMap(treeOf));
      await feedRounds(feed, GROWTH_WARM_UP, GROWTH_WARM_UP + rounds, told);
      await sleep(2_000);
      const spentMs = cpuMs(belay.pids().flatMap(treeOf)) - before;
      costs.push({ organizations, us: (spentMs * 1_000) / (rounds * fleet.samplesARound), peakMiB: memoryMiB(...belay.pids()) });
    } finally {
      await belay.stop();
    }
  }
  const flat = Math.max(...costs.map(({ us }) => us)) / Math.min(...costs.map(({ us }) => us));
  return {
    rows: [
      ...costs.map(
        ({ organizations, us, peakMiB }): Row => ({
          measure: `growth: ${organizations} organizations`,
          side: 'Belay',
          figure: `${us.toFixed(2)} µs of CPU a sample, ${peakMiB.toFixed(0)} MiB`,
        }),
      ),
      judged('growth: the dearest sample beside the cheapest', `${flat.toFixed(2)}×`, `≤ ${AIM.flat}×`, flat <= AIM.flat),
    ],
    how: `The same with more and more organizations, Belay alone: ${sizes.map(([organizations, rounds]) => `${organizations} (${rounds} rounds)`).join(', ')}.`,
  };
}
