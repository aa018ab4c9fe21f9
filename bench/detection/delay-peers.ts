// The peers of the delay bench, each with an Alertmanager of its own: fast settings as far as they go, and as they are shipped.
import * as alertmanager from '../../test/world/parts/alertmanager.ts';
import * as prometheus from '../../test/world/parts/prometheus.ts';
import type { ServerProcess } from '../../test/world/parts/server-process.ts';
import * as victoria from '../../test/world/parts/victoria-metrics.ts';

export interface Peer {
  readonly side: string;
  readonly processes: readonly ServerProcess[];
  /** Fast settings: the best that it can do. */
  readonly fast: boolean;
}

interface Setting {
  readonly everyS: number;
  readonly route: string;
}

const FAST: Setting = {
  everyS: 1,
  route: "{ receiver: bench, group_by: ['...'], group_wait: 0s, group_interval: 1s, repeat_interval: 1h }",
};
const SHIPPED: Setting = {
  everyS: 15,
  route: '{ receiver: bench, group_by: [alertname], group_wait: 30s, group_interval: 5m, repeat_interval: 4h }',
};

const rulesEvery = (everyS: number): string => `groups:
  - name: bench
    interval: ${everyS}s
    rules:
      - alert: errors
        expr: sum by (org) (rate(req_total{code="500"}[1m])) / sum by (org) (rate(req_total[1m])) > 0.02
        for: 10s
`;

const scrapeOf = (page: string, everyS: number): string => `scrape_configs:
  - job_name: world
    scrape_interval: ${everyS}s
    scrape_timeout: ${everyS}s
    static_configs: [{ targets: ['${new URL(page).host}'] }]
`;

export interface PeerPlan {
  readonly page: string;
  readonly webhook: (side: string) => string;
  readonly withShipped: boolean;
}

export async function startPeers({ page, webhook, withShipped }: PeerPlan, started: (peer: Peer) => void): Promise<void> {
  const of = (setting: Setting) => ({ ...setting, scrape: scrapeOf(page, setting.everyS) });
  const settings: readonly (readonly [name: string, setting: ReturnType<typeof of>, fast: boolean])[] = [
    ['1 s/1 s/0 s', of(FAST), true],
    ...(withShipped ? ([['as shipped, 15 s', of(SHIPPED), false]] as const) : []),
  ];
  for (const [name, setting, fast] of settings) {
    await startPrometheus(`Prometheus ${name}`, setting, { webhook, fast }, started);
    await startVictoria(`VictoriaMetrics + vmalert ${name}`, setting, { webhook, fast }, started);
  }
}

type Full = Setting & { readonly scrape: string };
interface To {
  readonly webhook: PeerPlan['webhook'];
  readonly fast: boolean;
}

const manager = (side: string, { route }: Full, { webhook }: To): Promise<ServerProcess> =>
  alertmanager.start({
    config: `route: ${route}\nreceivers: [{ name: bench, webhook_configs: [{ url: '${webhook(side)}', send_resolved: false }] }]\n`,
  });

async function startPrometheus(side: string, setting: Full, to: To, started: (peer: Peer) => void): Promise<void> {
  const alerts = await manager(side, setting, to);
  const config = `global: { scrape_interval: ${setting.everyS}s, evaluation_interval: ${setting.everyS}s }
rule_files: [rules.yml]
alerting: { alertmanagers: [{ static_configs: [{ targets: ['${new URL(alerts.url).host}'] }] }] }
${setting.scrape}`;
  const server = await prometheus.start({ config, files: { 'rules.yml': rulesEvery(setting.everyS) } });
  started({ side, processes: [server, alerts], fast: to.fast });
}

async function startVictoria(side: string, setting: Full, to: To, started: (peer: Peer) => void): Promise<void> {
  const alerts = await manager(side, setting, to);
  const store = await victoria.start({ scrape: setting.scrape, ...(to.fast ? { latencyOffset: '1ms' } : {}) });
  const server = await victoria.startVmalert({
    rules: rulesEvery(setting.everyS),
    datasource: store.url,
    notifiers: [alerts.url],
    args: [`-remoteWrite.url=${store.url}`, `-remoteRead.url=${store.url}`],
  });
  started({ side, processes: [server, store, alerts], fast: to.fast });
}
