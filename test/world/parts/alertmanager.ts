// A real Alertmanager beside Belay. It judges nothing.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { ALERTMANAGER } from '../../../scripts/lanes.ts';
import { type Available, availableOf, programOf } from './debian-package.ts';
import { answersOk, type ServerProcess, startServer } from './server-process.ts';

export interface AlertmanagerOptions {
  /** The text of alertmanager.yml. */
  readonly config: string;
  readonly args?: readonly string[];
}

/** Debian's build reads its templates from here, whatever it is told. */
const TEMPLATES = '/usr/share/prometheus/alertmanager/default.tmpl';

export function available(): Available {
  const found = availableOf(ALERTMANAGER);
  const [command, ...args] = [...wrapped(), 'true'];
  if (!found.ok || spawnSync(command, args).status === 0) return found;
  return { ok: false, why: 'its templates cannot be mounted here: install prometheus-alertmanager', version: found.version };
}

export function start({ config, args = [] }: AlertmanagerOptions): Promise<ServerProcess> {
  const { file, version } = programOf(ALERTMANAGER);
  const [command, ...before] = [...wrapped(), file];
  return startServer({
    name: 'alertmanager',
    file: command,
    version,
    files: { 'alertmanager.yml': config },
    // An empty address: no cluster, and so no second port.
    args: ({ port, folder }) => [
      ...before,
      '--config.file=alertmanager.yml',
      `--storage.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
      ...args,
    ],
    works: (url) => answersOk(`${url}/api/v2/alerts`),
  });
}

/** What stands before the program: a view of the machine of its own, in which its unpacked templates lie where it looks. The pid is its own. */
function wrapped(): readonly string[] {
  if (existsSync(TEMPLATES) || !availableOf(ALERTMANAGER).ok) return [];
  const share = path.join(path.dirname(path.dirname(programOf(ALERTMANAGER).file)), 'share');
  if (!existsSync(path.join(share, path.relative('/usr/share', TEMPLATES)))) return [];
  const mount = 'mount -t overlay overlay -o "lowerdir=$0:/usr/share" /usr/share && exec "$@"';
  return ['unshare', ...(process.getuid?.() === 0 ? [] : ['--map-root-user']), '--mount', 'sh', '-c', mount, share];
}
