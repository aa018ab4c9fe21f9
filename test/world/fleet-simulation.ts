// The published simulation of organizations with Poisson traffic, minute by minute: how often each rule cries wolf over a healthy fleet, and
// how often it finds a step to a higher error rate. Fixed seeds; it knows rules as functions of two counts.

export type Rule = (bad: number, all: number) => boolean;

const WINDOW = 15;

export function xorshift(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4_294_967_296;
  };
}

/** Poisson counts: by products for small means, by halves for large ones. */
function poisson(mean: number, random: () => number): number {
  if (mean > 30) return poisson(mean / 2, random) + poisson(mean / 2, random);
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > limit; product *= random()) count += 1;
  return count;
}

export interface Fleet {
  readonly organizations: number;
  readonly minutes: number;
  readonly trueRate: number;
  readonly seed: number;
}

/** Rising edges of each rule over the fleet; traffic is log-uniform from 0.05 to 600 requests a minute. */
export function falseEdges<R extends string>(fleet: Fleet, rules: Readonly<Record<R, Rule>>): Record<R, number> {
  const random = xorshift(fleet.seed);
  const named = Object.entries<Rule>(rules);
  const edges = named.map(() => 0);
  for (let org = 0; org < fleet.organizations; org += 1) {
    const perMinute = 0.05 * 12_000 ** (org / fleet.organizations);
    const window = new Window();
    const was = named.map(() => false);
    for (let minute = 0; minute < fleet.minutes; minute += 1) {
      const failed = poisson(perMinute * fleet.trueRate, random);
      window.add(failed, poisson(perMinute * (1 - fleet.trueRate), random) + failed);
      for (const [index, [, rule]] of named.entries()) {
        const is = rule(window.bad, window.all);
        if (is && was[index] === false) edges[index] = (edges[index] ?? 0) + 1;
        was[index] = is;
      }
    }
  }
  return Object.fromEntries(named.map(([name], index) => [name, edges[index] ?? 0])) as Record<R, number>;
}

/** Share of runs in which a rule finds, within `withinMinutes`, a step from 0.3 % to `rate`. */
export function powerOf(
  rule: Rule,
  o: { readonly perMinute: number; readonly rate: number; readonly runs: number; readonly withinMinutes: number; readonly seed: number },
): number {
  const random = xorshift(o.seed);
  let found = 0;
  for (let run = 0; run < o.runs; run += 1) {
    const window = new Window();
    const feed = (rate: number): void => {
      const failed = poisson(o.perMinute * rate, random);
      window.add(failed, poisson(o.perMinute * (1 - rate), random) + failed);
    };
    for (let minute = 0; minute < WINDOW; minute += 1) feed(0.003);
    for (let minute = 0; minute < o.withinMinutes; minute += 1) {
      feed(o.rate);
      if (!rule(window.bad, window.all)) continue;
      found += 1;
      break;
    }
  }
  return found / o.runs;
}

class Window {
  readonly #minutes: (readonly [bad: number, all: number])[] = [];
  bad = 0;
  all = 0;

  add(bad: number, all: number): void {
    this.#minutes.push([bad, all]);
    this.bad += bad;
    this.all += all;
    if (this.#minutes.length <= WINDOW) return;
    const [oldBad, oldAll] = this.#minutes.shift() ?? [0, 0];
    this.bad -= oldBad;
    this.all -= oldAll;
  }
}
