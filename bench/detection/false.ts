// Automatic rollbacks that healthy organizations would suffer, and what is paid for having none: how often real trouble is found, beside
// the fewest events that any method needs.
import { criticalTable } from '../../src/domain/evidence-test.ts';
import { falseEdges, powerOf, type Rule } from '../../test/world/fleet-simulation.ts';
import type { Part, Row, Run } from './row.ts';

const ABOVE = 0.02;
const HEALTHY = 0.003;
const ACT = 1e-5;
const SUSPECT = 1e-3;
const SEED = 12_345;
const WITHIN_MINUTES = 60;
const POINTS = 5;

/** Requests a minute, error rate, and the share that was published for this test, in percent. */
const POWER = [
  [1, 1, 100],
  [10, 1, 100],
  [100, 1, 100],
  [1, 0.05, 1],
  [10, 0.05, 27],
  [100, 0.05, 100],
] as const;

const plain: Rule = (bad, all) => all > 0 && bad / all > ABOVE;
function guarded(alpha: number): Rule {
  const table = criticalTable(ABOVE, alpha);
  return (bad, all) => plain(bad, all) && bad >= table.critical(all);
}

export async function falseActions(run: Run): Promise<Part> {
  const organizations = run.quick ? 2_000 : 10_000;
  run.progress(0, 2, 'healthy organizations');
  const fleet = { organizations, minutes: 360, trueRate: HEALTHY, seed: SEED };
  const edges = falseEdges(fleet, { plain, suspect: guarded(SUSPECT), act: guarded(ACT) });
  run.progress(1, 2, 'steps to a higher error rate');
  const runs = 10_000;
  return {
    rows: [
      { measure: 'false triggers', side: 'the rule as PromQL writes it', figure: `${edges.plain}` },
      { measure: 'false triggers', side: 'Belay, questions to people (α = 1e-3)', figure: `${edges.suspect}` },
      { measure: 'false automatic rollbacks', side: 'Belay (α = 1e-5)', figure: `${edges.act}`, aim: '0', met: edges.act === 0 },
      ...POWER.map((one) => powerRow(one, runs)),
    ],
    how: `${organizations} healthy organizations for 6 hours, 0.05 to 600 requests a minute, ${HEALTHY * 100} % errors, more than 2 % over 15 minutes; then ${runs} steps to a higher error rate each, found within ${WITHIN_MINUTES} minutes. Simulated minute by minute with the detector's own test. The floor is ln(1/α) / D(p1‖p0): no method with this α needs fewer events.`,
  };
}

function powerRow([perMinute, rate, published]: (typeof POWER)[number], runs: number): Row {
  const percent = 100 * powerOf(guarded(ACT), { perMinute, rate, runs, withinMinutes: WITHIN_MINUTES, seed: SEED });
  const floorMinutes = floorOf(rate) / perMinute;
  return {
    measure: `${rate * 100} % errors at ${perMinute} a minute, found within an hour`,
    side: 'Belay (α = 1e-5)',
    figure: `${percent.toFixed(1)} % (floor: ${Math.ceil(floorOf(rate))} events, ${floorMinutes.toFixed(1)} min)`,
    aim: `${published} % ± ${POINTS}`,
    met: Math.abs(percent - published) <= POINTS,
  };
}

/** Events that any method needs. */
function floorOf(rate: number): number {
  const divergence = rate * Math.log(rate / HEALTHY) + (rate === 1 ? 0 : (1 - rate) * Math.log((1 - rate) / (1 - HEALTHY)));
  return Math.log(1 / ACT) / divergence;
}
