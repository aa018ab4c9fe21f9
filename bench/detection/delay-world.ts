// A service of many organizations whose outages are known beforehand: what it has counted at any instant, its page, and when each rule
// that is measured becomes true. It knows no watcher.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export const KINDS = ['hard', 'mild', 'unborn', 'burst'] as const;
export type Kind = (typeof KINDS)[number];

export interface Outage {
  readonly org: string;
  readonly kind: Kind;
  /** ms after the world's beginning. */
  readonly at: number;
  /** When the rule is true and held, ms after the beginning. */
  readonly due: number;
}

const PER_SECOND = 50;
const WINDOW_S = 60;
const ABOVE = 0.02;
const BURST_MS = 6_000;
const MILD_EVERY = 20;

/** The error with which more than 2 % of the window have failed. */
const CROSSING_ERROR = WINDOW_S * PER_SECOND * ABOVE + 1;

export interface WorldPlan {
  readonly organizations: number;
  /** Beside them, without any outage: where all are hit, Belay opens one incident for all. */
  readonly healthy: number;
  /** How long the rule must be true. */
  readonly holdMs: number;
  readonly leadMs: number;
  readonly spreadMs: number;
}

/** Outages by a linear congruential generator with seed 7, kinds in turn. */
export function outagesOf({ organizations, healthy, holdMs, leadMs, spreadMs }: WorldPlan): readonly Outage[] {
  let state = 7;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: organizations + healthy }, (_, index) => {
    const kind = KINDS[index % KINDS.length] ?? 'hard';
    const at = index < organizations ? leadMs + random() * spreadMs : Infinity;
    const crossingMs = ((kind === 'mild' ? CROSSING_ERROR * MILD_EVERY : CROSSING_ERROR) / PER_SECOND) * 1_000;
    return { org: `org-${String(index).padStart(2, '0')}`, kind, at, due: at + crossingMs + holdMs };
  });
}

/** Events since the beginning, `at` ms after it. */
export function counted(outage: Outage, at: number): { readonly bad: number; readonly good: number } {
  const end = outage.kind === 'burst' ? Math.min(at, outage.at + BURST_MS) : at;
  // Each event is whole and either good or bad: neither counter ever goes back, which a watcher would take for a restart.
  const all = eventsUntil(at);
  const hit = Math.max(0, eventsUntil(end) - eventsUntil(outage.at));
  const bad = outage.kind === 'mild' ? Math.floor(hit / MILD_EVERY) : hit;
  return { bad, good: all - bad };
}

const eventsUntil = (at: number): number => Math.floor((Math.max(0, at) / 1_000) * PER_SECOND);

/** Of unborn kinds the first error makes the series. */
export const isBorn = ({ kind }: Outage, bad: number): boolean => bad > 0 || kind === 'hard' || kind === 'mild';

export interface World {
  readonly url: string;
  /** Before it nothing is counted. */
  readonly startedAt: number;
  readonly outages: readonly Outage[];
  /** Time begins: the sides are up. */
  begin(): void;
  close(): Promise<void>;
}

export async function openWorld(plan: WorldPlan): Promise<World> {
  const outages = outagesOf(plan);
  let startedAt = Infinity;
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/metrics' ? 200 : 404, { 'content-type': 'text/plain; version=0.0.4' });
    response.end(request.url === '/metrics' ? pageAt(outages, Date.now() - startedAt) : '');
  });
  const port = await listening(server);
  return {
    url: `http://127.0.0.1:${port}`,
    get startedAt() {
      return startedAt;
    },
    begin: () => {
      startedAt = Date.now();
    },
    outages,
    close: () => closed(server),
  };
}

function pageAt(outages: readonly Outage[], at: number): string {
  const lines = ['# TYPE req_total counter'];
  for (const outage of outages) {
    const { bad, good } = counted(outage, at);
    lines.push(`req_total{org="${outage.org}",code="200"} ${good}`);
    if (isBorn(outage, bad)) lines.push(`req_total{org="${outage.org}",code="500"} ${bad}`);
  }
  return `${lines.join('\n')}\n`;
}

export async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

export function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
