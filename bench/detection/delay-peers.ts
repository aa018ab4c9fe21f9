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

export interface Setting {
  readonly name: string;
  readonly everyS: number;
  readonly holdMs: number;
  readonly route: string;
  readonly fast: boolean;
  /** For Prometheus. */
  readonly args?: readonly string[];
}

export const fastSetting = (holdMs: number): Setting => ({
  name: '1 s/1 s/0 s',
  everyS: 1,
  holdMs,
  route: "{ receiver: bench, group_by: ['...'], group_wait: 0s, group_interval: 1s, repeat_interval: 1h }",
  fast: true,
});

export const shippedSetting = (holdMs: number): Setting => ({
  name: 'as shipped, 15 s',
  everyS: 15,
  holdMs,
  route: '{ receiver: bench, group_by: [alertname], group_wait: 30s, group_interval: 5m, repeat_interval: 4h }',
  fast: false,
});

const rulesOf = ({ everyS, holdMs }: Setting): string => `groups:
  - name: bench
    interval: ${everyS}s
    rules:
      - alert: errors
        expr: sum by (org) (rate(req_total{code="500"}[1m])) / sum by (org) (rate(req_total[1m])) > 0.02
        for: ${holdMs / 1_000}s
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
  readonly settings: readonly Setting[];
}

export async function startPeers({ page, webhook, settings }: PeerPlan, started: (peer: Peer) => void): Promise<void> {
  for (const setting of settings) {
    const full = { ...setting, scrape: scrapeOf(page, setting.everyS) };
    await startPrometheus(`Prometheus ${setting.name}`, full, webhook, started);
    await startVictoria(`VictoriaMetrics + vmalert ${setting.name}`, full, webhook, started);
  }
}

type Full = Setting & { readonly scrape: string };
type Hook = PeerPlan['webhook'];

const manager = (side: string, { route }: Full, webhook: Hook): Promise<ServerProcess> =>
  alertmanager.start({
    config: `route: ${route}\nreceivers: [{ name: bench, webhook_configs: [{ url: '${webhook(side)}', send_resolved: false }] }]\n`,
  });

async function startPrometheus(side: string, setting: Full, webhook: Hook, started: (peer: Peer) => void): Promise<void> {
  const alerts = await manager(side, setting, webhook);
  const config = `global: { scrape_interval: ${setting.everyS}s, evaluation_interval: ${setting.everyS}s }
rule_files: [rules.yml]
alerting: { alertmanagers: [{ static_configs: [{ targets: ['${new URL(alerts.url).host}'] }] }] }
${setting.scrape}`;
  const server = await prometheus.start({ config, files: { 'rules.yml': rulesOf(setting) }, args: setting.args ?? [] });
  started({ side, processes: [server, alerts], fast: setting.fast });
}

async function startVictoria(side: string, setting: Full, webhook: Hook, started: (peer: Peer) => void): Promise<void> {
  const alerts = await manager(side, setting, webhook);
  const store = await victoria.start({ scrape: setting.scrape, ...(setting.fast ? { latencyOffset: '1ms' } : {}) });
  const server = await victoria.startVmalert({
    rules: rulesOf(setting),
    datasource: store.url,
    notifiers: [alerts.url],
    args: [`-remoteWrite.url=${store.url}`, `-remoteRead.url=${store.url}`],
  });
  started({ side, processes: [server, store, alerts], fast: setting.fast });
}
