// A real Prometheus beside Belay, with whatever configuration and rules a test gives it; and where promtool is. It judges nothing.
import { PROMETHEUS, PROMTOOL } from '../../../scripts/lanes.ts';
import { type Available, availableOf, programOf } from './debian-package.ts';
import { answersQueries, type ServerProcess, startServer } from './server-process.ts';

export interface PrometheusOptions {
  /** The text of prometheus.yml. */
  readonly config: string;
  /** More files beside it, for instance `rules.yml`, which the configuration names by `rule_files: [rules.yml]`. */
  readonly files?: Readonly<Record<string, string>>;
  /** A folder with blocks, made by promtool, to start from; else it starts empty. */
  readonly data?: string;
  readonly args?: readonly string[];
}

export function available(): Available {
  return availableOf(PROMETHEUS);
}

/** Beside Prometheus in its package. */
export function promtool(): { readonly file: string; readonly version: string } {
  return programOf(PROMTOOL);
}

export function start({ config, files = {}, data, args = [] }: PrometheusOptions): Promise<ServerProcess> {
  return startServer({
    name: 'prometheus',
    ...programOf(PROMETHEUS),
    files: { ...files, 'prometheus.yml': config },
    args: ({ port, folder }) => [
      '--config.file=prometheus.yml',
      `--storage.tsdb.path=${data ?? `${folder}/data`}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-lifecycle',
      ...args,
    ],
    works: answersQueries,
  });
}
