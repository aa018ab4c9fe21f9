// The sides of the cost bench as processes that take remote write: Belay with its Postgres, VictoriaMetrics, Prometheus. Each says which
// processes it is made of and, for the peers, how a rule is evaluated. It measures nothing.
import * as prometheus from '../../test/world/parts/prometheus.ts';
import type { ServerProcess } from '../../test/world/parts/server-process.ts';
import * as victoria from '../../test/world/parts/victoria-metrics.ts';
import { type Child, startChild } from '../child.ts';
import { makePlace, type Place } from '../place.ts';

export interface CostSide {
  readonly name: string;
  /** Where remote write goes. */
  readonly url: string;
  readonly pids: () => readonly number[];
  /** One evaluation of an expression at a time; null where rules are evaluated as the samples arrive. */
  readonly evaluate: ((expr: string, at: number) => Promise<number>) | null;
  stop(): Promise<void>;
}

export interface BelaySide extends CostSide {
  ask(what: 'breached' | 'counted'): Promise<number>;
  /** kill -9 of Belay and of its Postgres, and both again. */
  killAndRestart(): Promise<void>;
}

export async function startBelaySide(startAt: number): Promise<BelaySide> {
  const place: Place = makePlace();
  const launch = async (): Promise<{ readonly child: Child; readonly port: number; readonly store: number }> => {
    const child = startChild(import.meta.resolve('../fleet-child.ts'), [place.dir, String(startAt)]);
    const [, port, store] = (await child.heard('ready')).split(' ');
    return { child, port: Number(port), store: Number(store) };
  };
  let life = await launch();
  return {
    name: 'Belay',
    get url() {
      return `http://127.0.0.1:${life.port}/in/prom/api/v1/write`;
    },
    pids: () => [life.child.pid, life.store],
    evaluate: null,
    ask: (what) => life.child.ask(what),
    killAndRestart: async () => {
      await life.child.kill();
      await place.killStore();
      life = await launch();
    },
    stop: async () => {
      await life.child.end();
      await place.remove();
    },
  };
}

export const PEERS: readonly (() => Promise<CostSide>)[] = [
  async () => peerOf('VictoriaMetrics', await victoria.start({ latencyOffset: '1ms', args: ['-search.disableCache'] }), '/api/v1/write'),
  async () =>
    peerOf(
      'Prometheus',
      await prometheus.start({ config: 'global: { scrape_interval: 15s }\n', args: ['--web.enable-remote-write-receiver'] }),
      '/api/v1/write',
    ),
];

function peerOf(name: string, server: ServerProcess, path: string): CostSide {
  return {
    name: `${name} ${server.version}`,
    url: `${server.url}${path}`,
    pids: () => [server.pid],
    evaluate: async (expr, at) => {
      const answer = await fetch(`${server.url}/api/v1/query`, {
        method: 'POST',
        body: new URLSearchParams({ query: expr, time: String(at / 1_000) }),
      });
      const { data } = (await answer.json()) as { readonly data: { readonly result: readonly unknown[] } };
      return data.result.length;
    },
    stop: () => server.stop(),
  };
}
