// A real VictoriaMetrics and its vmalert beside Belay; one Debian package brings both. It judges nothing.
import { VICTORIA_METRICS, VMALERT } from '../../../scripts/lanes.ts';
import { type Available, availableOf, programOf } from './debian-package.ts';
import { answersOk, answersQueries, type ServerProcess, startServer } from './server-process.ts';

export interface VictoriaMetricsOptions {
  /** The text of a scrape configuration, as Prometheus writes it; without: it only takes what is sent. */
  readonly scrape?: string;
  /** How far behind now its answers are; its own default is 30s. */
  readonly latencyOffset?: string;
  readonly args?: readonly string[];
}

export interface VmalertOptions {
  readonly rules: string;
  /** Where it asks, and where its alerts go: the address before `/api/v2/alerts`. */
  readonly datasource: string;
  readonly notifiers: readonly string[];
  readonly args?: readonly string[];
}

export function available(): Available {
  return availableOf(VICTORIA_METRICS);
}

export function vmalertAvailable(): Available {
  return availableOf(VMALERT);
}

export function start({ scrape, latencyOffset, args = [] }: VictoriaMetricsOptions = {}): Promise<ServerProcess> {
  return startServer({
    name: 'victoria-metrics',
    ...programOf(VICTORIA_METRICS),
    files: scrape === undefined ? {} : { 'scrape.yml': scrape },
    args: ({ port, folder }) => [
      `-storageDataPath=${folder}/data`,
      `-httpListenAddr=127.0.0.1:${port}`,
      ...(latencyOffset === undefined ? [] : [`-search.latencyOffset=${latencyOffset}`]),
      ...(scrape === undefined ? [] : ['-promscrape.config=scrape.yml']),
      ...args,
    ],
    works: answersQueries,
  });
}

export function startVmalert({ rules, datasource, notifiers, args = [] }: VmalertOptions): Promise<ServerProcess> {
  return startServer({
    name: 'vmalert',
    ...programOf(VMALERT),
    files: { 'rules.yml': rules },
    args: ({ port }) => [
      '-rule=rules.yml',
      `-datasource.url=${datasource}`,
      ...notifiers.map((notifier) => `-notifier.url=${notifier}`),
      `-httpListenAddr=127.0.0.1:${port}`,
      ...args,
    ],
    works: (url) => answersOk(`${url}/api/v1/rules`),
  });
}
