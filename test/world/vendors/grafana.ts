// The Alertmanager inside Grafana as far as Belay asks it: its active alerts, behind Grafana's own address and token. Parameters and
// answers as Alertmanager's description (API version 2) has them, with the labels that Grafana gives.
import { demand, startVendor, type VendorReply, type VendorServer } from './vendor-server.ts';

export interface GrafanaAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly state?: 'active' | 'suppressed' | 'unprocessed';
}
export type GrafanaServer = VendorServer & { alerts: readonly GrafanaAlert[] };

const FLAGS = ['active', 'silenced', 'inhibited', 'unprocessed'];

export async function startGrafana(o: { readonly token: string }): Promise<GrafanaServer> {
  const state: { alerts: readonly GrafanaAlert[] } = { alerts: [] };
  const server = await startVendor(({ method, path, query, headers }): VendorReply => {
    if (headers['authorization'] !== `Bearer ${o.token}`) return { status: 401, json: { message: 'Invalid API key' } };
    demand(method === 'GET' && path === '/api/alertmanager/grafana/api/v2/alerts', `${method} ${path} is not described`, 404);
    for (const [key, value] of query) {
      demand(FLAGS.includes(key) || key === 'filter' || key === 'receiver', `there is no parameter ${key}`);
      if (FLAGS.includes(key)) demand(value === 'true' || value === 'false', `${key} is not a boolean`);
      if (key === 'filter') demand(/^[a-zA-Z_]\w*(?:=~|!~|!=|=).+$/.test(value), `bad matcher format: ${value}`);
    }
    const suppressedToo = query.get('silenced') !== 'false';
    const chosen = state.alerts.filter((one) => suppressedToo || one.state !== 'suppressed');
    return { status: 200, json: chosen.map(gettable) };
  });
  return Object.defineProperty(server, 'alerts', {
    get: () => state.alerts,
    set: (alerts: readonly GrafanaAlert[]) => {
      state.alerts = alerts;
    },
  }) as GrafanaServer;
}

function gettable({ labels, startsAt, state = 'active' }: GrafanaAlert): object {
  const fingerprint = Buffer.from(JSON.stringify(labels)).toString('hex').slice(-16);
  const status = { state, silencedBy: state === 'suppressed' ? ['a-silence'] : [], inhibitedBy: [], mutedBy: [] };
  const own = { __alert_rule_uid__: 'ae1', grafana_folder: 'Shop', ...labels };
  const times = { startsAt, updatedAt: startsAt, endsAt: '2099-01-01T00:00:00Z' };
  return {
    labels: own,
    annotations: {},
    receivers: [{ name: 'grafana-default-email' }],
    fingerprint,
    status,
    generatorURL: 'http://x',
    ...times,
  };
}
