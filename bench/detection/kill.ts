// What a kill -9 in the middle of a hold costs: everything of a side is killed and started again half a second later, while the condition
// goes on being true.
import { setTimeout as sleep } from 'node:timers/promises';
import { startBelay, type Watching } from './delay-belay.ts';
import { fastSetting, type Peer, startPeers } from './delay-peers.ts';
import { openReceiver } from './delay-receiver.ts';
import { openWorld } from './delay-world.ts';
import { type Part, type Row, type Run, seconds } from './row.ts';

interface Plan {
  readonly holdMs: number;
  /** Within the hold. */
  readonly killAfterMs: number;
  /** Of Prometheus: a shorter remaining hold begins anew with it. */
  readonly graceMs: number;
  readonly tailMs: number;
}

/** As Prometheus is shipped: a grace period of 10 minutes. */
const LONG: Plan = { holdMs: 660_000, killAfterMs: 460_000, graceMs: 600_000, tailMs: 480_000 };
/** The same in a fifteenth of the time, the grace period with it. */
const SHORT: Plan = { holdMs: 44_000, killAfterMs: 30_000, graceMs: 40_000, tailMs: 50_000 };
const LEAD_MS = 15_000;
const AWAY_MS = 500;
/** What a side may be behind without any kill: a scrape, an evaluation and the way to the webhook. */
const UNDISTURBED_MS = 2_500;

const WAY = { side: 'Belay, pull 1 s', everyMs: 1_000, pushed: false } as const;

export async function kill(run: Run): Promise<Part> {
  const plan = run.long ? LONG : SHORT;
  const world = await openWorld({ organizations: 1, healthy: 3, holdMs: plan.holdMs, leadMs: LEAD_MS, spreadMs: 0 });
  const receiver = await openReceiver();
  const peers: Peer[] = [];
  let belay: Watching | null = null;
  const due = world.outages[0]?.due ?? 0;
  const wholeMs = due + plan.tailMs;
  const until = async (at: number, what: string): Promise<void> => {
    for (let now = Date.now() - world.startedAt; now < at; now = Date.now() - world.startedAt) {
      run.progress(now, wholeMs, what);
      await sleep(Math.min(1_000, Math.max(50, at - now)));
    }
  };
  try {
    const settings = [{ ...fastSetting(plan.holdMs), args: [`--rules.alert.for-grace-period=${plan.graceMs / 1_000}s`] }];
    await startPeers({ page: `${world.url}/metrics`, webhook: receiver.url, settings }, (peer) => peers.push(peer));
    belay = await startBelay(WAY, world, { webhook: receiver.url(WAY.side), holdMs: plan.holdMs });
    world.begin();
    await until(due - plan.holdMs + plan.killAfterMs, 'until the kill');
    await Promise.all([...peers.flatMap(({ processes }) => processes.map((one) => one.kill())), belay.kill()]);
    await sleep(AWAY_MS);
    await Promise.all([...peers.map(restart), belay.restart()]);
    const tolds = (): number => [...receiver.first.values()].filter(({ size }) => size > 0).length;
    while (tolds() < peers.length + 1 && Date.now() - world.startedAt < wholeMs)
      await until(Math.min(wholeMs, Date.now() - world.startedAt + 1_000), `${tolds()} of ${peers.length + 1} sides have told`);
    const behind = (side: string): number => Math.min(...(receiver.first.get(side)?.values() ?? [])) - world.startedAt - due;
    return {
      rows: rowsOf([...peers.map(({ side }) => side), WAY.side].map((side) => ({ side, behindMs: behind(side) }))),
      how: howOf(plan),
    };
  } finally {
    await belay?.stop();
    await Promise.all(peers.flatMap(({ processes }) => processes.map((one) => one.stop())));
    await receiver.close();
    await world.close();
  }
}

/** Whoever asks another for what it remembers starts after it. */
async function restart({ processes }: Peer): Promise<void> {
  for (const one of processes.toReversed()) await one.restart();
}

function rowsOf(found: readonly { readonly side: string; readonly behindMs: number }[]): readonly Row[] {
  return found.map(({ side, behindMs }) => ({
    measure: 'kill -9 in a hold: behind the end of the hold',
    side,
    figure: Number.isFinite(behindMs) ? `${seconds(behindMs)} s` : 'not told within the run',
    ...(side === WAY.side ? { aim: `no extra delay (≤ ${seconds(UNDISTURBED_MS)} s in all)`, met: behindMs <= UNDISTURBED_MS } : {}),
  }));
}

const howOf = (plan: Plan): string =>
  `All of one organization's requests fail; the rule must hold ${plan.holdMs / 1_000} s. ${plan.killAfterMs / 1_000} s into the hold every process of every side (Belay with its Postgres) is killed and started again ${AWAY_MS} ms later. Prometheus has a grace period of ${plan.graceMs / 1_000} s${plan === SHORT ? ', its shipped 10 minutes made shorter in the same proportion as a hold of 11 minutes (`--long` runs those)' : ' as shipped'}.`;
