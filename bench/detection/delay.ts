// From the truth to the webhook: one service, its outages known beforehand, every side watching it at the same time.
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../measure.ts';
import { cpuMs, treeOf } from '../process-tree.ts';
import { organizationOf, startBelay, type Watching, type Way } from './delay-belay.ts';
import { fastSetting, type Peer, shippedSetting, startPeers } from './delay-peers.ts';
import { openReceiver, type Receiver } from './delay-receiver.ts';
import { KINDS, type Kind, openWorld, type World, type WorldPlan } from './delay-world.ts';
import { type Part, type Row, type Run, seconds } from './row.ts';

interface Plan extends WorldPlan {
  /** After the last outage has begun. */
  readonly tailMs: number;
}

const FULL: Plan = { organizations: 80, healthy: 0, holdMs: 10_000, leadMs: 130_000, spreadMs: 300_000, tailMs: 480_000 };
const QUICK: Plan = { organizations: 16, healthy: 2, holdMs: 10_000, leadMs: 65_000, spreadMs: 30_000, tailMs: 50_000 };

const PULL = { side: 'Belay, pull 1 s', everyMs: 1_000, pushed: false } as const;
const PULL_SLOW = { side: 'Belay, pull 15 s', everyMs: 15_000, pushed: false } as const;
const PUSH = { side: 'Belay, push 100 ms', everyMs: 100, pushed: true } as const;
const ways = (quick: boolean): readonly Way[] => (quick ? [PULL, PUSH] : [PULL, PULL_SLOW, PUSH]);

const TIMES_FASTER_PUSHED = 2;
const TIMES_FASTER_THAN_SHIPPED = 100;
/** What a comparison of medians may be off: half of what is lost between a clock that is read and the next line. */
const SLACK_MS = 20;

/** Delays behind the truth by kind; a webhook that never came is missing in them. */
type Delays = Readonly<Record<Kind, readonly number[]>>;
interface Side {
  readonly side: string;
  readonly delays: Delays;
  readonly cpuS: number;
  readonly kind: 'fast' | 'shipped' | 'belay';
  readonly versions: string;
}

export async function delay(run: Run): Promise<Part> {
  const plan = run.quick ? QUICK : FULL;
  const world = await openWorld(plan);
  const receiver = await openReceiver();
  const peers: Peer[] = [];
  const belays: Watching[] = [];
  try {
    const settings = run.quick ? [fastSetting(plan.holdMs)] : [fastSetting(plan.holdMs), shippedSetting(plan.holdMs)];
    const order = { page: `${world.url}/metrics`, webhook: receiver.url, settings };
    await startPeers(order, (peer) => peers.push(peer));
    for (const way of ways(run.quick)) belays.push(await startBelay(way, world, { webhook: receiver.url(way.side), holdMs: plan.holdMs }));
    const wholeMs = plan.leadMs + plan.spreadMs + plan.tailMs;
    world.begin();
    for (let at = 0; at < wholeMs; at = Date.now() - world.startedAt) {
      run.progress(at, wholeMs, `${world.outages.filter(({ due }) => due < at).length} of ${plan.organizations} outages are due`);
      await sleep(1_000);
    }
    return told(run, plan, await sidesOf({ world, receiver, peers, belays }));
  } finally {
    await Promise.all(belays.map((belay) => belay.stop()));
    await Promise.all(peers.flatMap(({ processes }) => processes.map((one) => one.stop())));
    await receiver.close();
    await world.close();
  }
}

interface Scene {
  readonly world: World;
  readonly receiver: Receiver;
  readonly peers: readonly Peer[];
  readonly belays: readonly Watching[];
}

async function sidesOf({ world, receiver, peers, belays }: Scene): Promise<readonly Side[]> {
  const sides: Side[] = peers.map(({ side, processes, fast }) => ({
    side,
    delays: delaysOf(world, receiver.first.get(side) ?? new Map()),
    cpuS: cpuMs(processes.flatMap(({ pid }) => treeOf(pid))) / 1_000,
    kind: fast ? 'fast' : 'shipped',
    versions: processes.map(({ version }) => version).join(', '),
  }));
  for (const { way, client, pid } of belays) {
    const first = new Map<string, number>();
    for (const [incident, at] of receiver.first.get(way.side) ?? []) {
      const org = await organizationOf(client, incident);
      if (!first.has(org)) first.set(org, at);
    }
    sides.push({ side: way.side, delays: delaysOf(world, first), cpuS: cpuMs(treeOf(pid)) / 1_000, kind: 'belay', versions: 'this clone' });
  }
  return sides;
}

function delaysOf({ outages, startedAt }: World, first: ReadonlyMap<string, number>): Delays {
  const of = (kind: Kind): readonly number[] =>
    outages
      .filter((outage) => outage.kind === kind)
      .map(({ org, due }) => (first.get(org) ?? Number.NaN) - startedAt - due)
      .filter(Number.isFinite);
  return { hard: of('hard'), mild: of('mild'), unborn: of('unborn'), burst: of('burst') };
}

function told(run: Run, plan: Plan, sides: readonly Side[]): Part {
  const perKind = plan.organizations / KINDS.length;
  const rows = sides.flatMap((side) => KINDS.map((kind) => rowOf(side, kind, perKind)));
  const cost: Row[] = sides.map(({ side, cpuS, versions }) => ({
    measure: 'delay: CPU of the side',
    side: `${side} (${versions})`,
    figure: `${cpuS.toFixed(1)} s`,
  }));
  return {
    rows: [...rows, ...verdicts(sides, perKind, run.quick), ...cost],
    how: `${plan.organizations} organizations with 50 requests a second each, ${perKind} for each kind of outage, beginning within ${plan.spreadMs / 1000} s; more than 2 % of the last 60 s, held 10 s. Behind the instant at which the rule was true and held, to the arrival of the first webhook; the outage is missed when none arrives. All sides watch the same service at the same time. Belay is \`belay up\` with a runbook that asks: the webhook is the question of the incident that it opened. Half of a hold at least is seen and not only reckoned, so where readings are further apart than the hold Belay waits for a second one: a single look never opens an incident that asks for 10 s.`,
  };
}

function rowOf({ side, delays }: Side, kind: Kind, perKind: number): Row {
  const found = delays[kind];
  const missed = perKind - found.length;
  const figure =
    found.length === 0
      ? `${missed} of ${perKind} missed`
      : `p50 ${seconds(quantile(found, 0.5))} s, max ${seconds(Math.max(...found))} s${missed > 0 ? `, ${missed} of ${perKind} missed` : ''}`;
  return { measure: `delay: ${kind}`, side, figure };
}

const p50 = (side: Side | undefined, kind: Kind): number => {
  const found = side?.delays[kind] ?? [];
  return found.length === 0 ? Infinity : quantile(found, 0.5);
};

function verdicts(sides: readonly Side[], perKind: number, quick: boolean): readonly Row[] {
  const of = (way: Way): Side | undefined => sides.find(({ side }) => side === way.side);
  const named = (name: string): Side | undefined => sides.find(({ side }) => side.startsWith(name));
  const peer = named('Prometheus 1 s');
  const shipped = sides.find(({ side, kind }) => kind === 'shipped' && side.startsWith('Prometheus'));
  const best = (kind: Kind): number => Math.min(...sides.filter((side) => side.kind !== 'belay').map((side) => p50(side, kind)));
  const judged = (measure: string, way: Way, aim: string, ok: (kind: Kind) => boolean, kinds: readonly Kind[] = KINDS): Row => {
    const missed = kinds.filter((kind) => !ok(kind));
    return {
      measure,
      side: way.side,
      aim,
      figure: missed.length === 0 ? 'every kind' : `not: ${missed.join(', ')}`,
      met: missed.length === 0,
    };
  };
  const pulls = quick ? [PULL] : [PULL, PULL_SLOW];
  return [
    ...pulls.map((way) =>
      judged('delay of a pull', way, `p50 ≤ ${seconds(way.everyMs / 2 + 100)} s`, (kind) => p50(of(way), kind) <= way.everyMs / 2 + 100),
    ),
    judged('delay of a pull', PULL, 'no slower than Prometheus 1 s/1 s/0 s', (kind) => p50(of(PULL), kind) <= p50(peer, kind) + SLACK_MS),
    judged('delay of a push', PUSH, 'p50 ≤ 0.25 s', (kind) => p50(of(PUSH), kind) <= 250),
    judged('delay of a push', PUSH, '≥ 2× faster than the best peer', (kind) => p50(of(PUSH), kind) * TIMES_FASTER_PUSHED <= best(kind)),
    ...(shipped === undefined
      ? []
      : [
          judged(
            'delay beside the shipped settings',
            PULL,
            '≥ 100× faster than Prometheus as shipped',
            (kind) => p50(of(PULL), kind) * TIMES_FASTER_THAN_SHIPPED <= p50(shipped, kind),
          ),
        ]),
    ...ways(quick).map((way) =>
      judged('bursts of 6 s', way, '0 missed', (kind) => (of(way)?.delays[kind].length ?? 0) === perKind, ['burst']),
    ),
  ];
}
