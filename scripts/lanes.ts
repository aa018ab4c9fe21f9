// Owns the table of test lanes: what each needs of the machine and how long it may take. Refuses to run anything.
import { HEAVY_PARTS, type HeavyPart } from './heavy-parts.ts';

export interface Part {
  readonly name: string;
  /** Any one of these on PATH will do. */
  readonly commands: readonly string[];
  readonly versionFlag: string;
  /** The Debian packages that bring it. */
  readonly packages: readonly string[];
  /** They are unpacked inside the clone, and neither installed nor started. */
  readonly unpacked?: true;
}

export interface Lane {
  readonly name: 'unit' | 'core' | 'web' | 'crash' | 'heavy';
  readonly proves: string;
  readonly needs: readonly Part[];
  /** Tests that want these skip themselves where they are missing. */
  readonly likes?: readonly Part[];
  /**
   * Files of tests that wait for other programs nearly all of their time and hardly compute: they run beside the others, so that a processor
   * is not idle meanwhile. Which fit: those that take less than half a processor, and claim no moment that others could spoil.
   */
  readonly waiting?: readonly string[];
  /** It runs only where it is asked for, because of what these cost. */
  readonly onDemand?: readonly HeavyPart[];
  /** Several times what a quiet machine of two cores takes: it ends what hangs, and never what is merely slow. */
  readonly timeoutMs: number;
}

const minute = 60_000;
const git: Part = { name: 'git', commands: ['git'], versionFlag: '--version', packages: ['git'] };
const chromium: Part = {
  name: 'Chromium',
  commands: ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'],
  versionFlag: '--version',
  packages: ['chromium', 'fonts-dejavu-core'],
};
/** Neighbours of Belay: what watches beside it, feeds it and sends it alerts. Debian's own builds. */
export const PROMETHEUS: Part = neighbour('Prometheus', ['prometheus'], 'prometheus');
export const PROMTOOL: Part = neighbour('promtool', ['promtool'], 'prometheus');
export const ALERTMANAGER: Part = neighbour('Alertmanager', ['prometheus-alertmanager', 'alertmanager'], 'prometheus-alertmanager');
export const VICTORIA_METRICS: Part = neighbour('VictoriaMetrics', ['victoria-metrics'], 'victoria-metrics');
export const VMALERT: Part = neighbour('vmalert', ['vmalert'], 'victoria-metrics');

function neighbour(name: string, commands: readonly string[], debian: string): Part {
  return { name, commands, versionFlag: '--version', packages: [debian], unpacked: true };
}

/** Containers without a network and without a registry. */
export const DOCKERD: Part = {
  name: 'dockerd',
  commands: ['dockerd'],
  versionFlag: '--version',
  packages: ['docker.io', 'containerd', 'runc'],
  unpacked: true,
};
/** Speaks to contract servers of Kubernetes as its users do. */
export const KUBECTL: Part = {
  name: 'kubectl',
  commands: ['kubectl'],
  versionFlag: 'version',
  packages: ['kubernetes-client'],
  unpacked: true,
};
/** One program that needs no library: what a container without a distribution runs. */
export const BUSYBOX: Part = {
  name: 'busybox',
  commands: ['busybox'],
  versionFlag: '--help',
  packages: ['busybox-static'],
  unpacked: true,
};

/** Compose as Debian ships it, with the Python packages that it needs. */
export const COMPOSE: Part = {
  name: 'docker-compose',
  commands: ['docker-compose'],
  versionFlag: 'version',
  packages: [
    'docker-compose',
    ...['attr', 'cached-property', 'certifi', 'chardet', 'distro', 'distutils', 'docker', 'dockerpty', 'docopt', 'dotenv', 'idna'],
    ...['jsonschema', 'packaging', 'pyrsistent', 'requests', 'six', 'texttable', 'urllib3', 'websocket', 'yaml'],
  ].map((name, n) => (n === 0 ? name : `python3-${name}`)),
  unpacked: true,
};
export const REDIS: Part = {
  name: 'Redis',
  commands: ['redis-server'],
  versionFlag: '--version',
  packages: ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1'],
  unpacked: true,
};
/** Proxies in front of flows and releases. */
export const HAPROXY: Part = {
  name: 'HAProxy',
  commands: ['haproxy'],
  versionFlag: '-v',
  packages: ['haproxy', 'liblua5.3-0', 'libopentracing-c-wrapper0', 'libopentracing1'],
  unpacked: true,
};
export const CADDY: Part = { name: 'Caddy', commands: ['caddy'], versionFlag: 'version', packages: ['caddy'], unpacked: true };

/** The host of a repository behind ssh. */
export const SSHD: Part = {
  name: 'sshd',
  commands: ['sshd'],
  versionFlag: '-V',
  packages: ['openssh-server', 'libwrap0', 'libnsl2'],
  unpacked: true,
};

/** Decrypts secrets as their owners encrypted them. */
export const AGE: Part = { name: 'age', commands: ['age'], versionFlag: '--version', packages: ['age'], unpacked: true };
/** Looks into a bucket as people do: 11 MB of packages, 125 MB unpacked. It runs by the machine's own python3. */
export const AWS: Part = {
  name: 'aws',
  commands: ['aws'],
  versionFlag: '--version',
  packages: [
    'awscli',
    ...['awscrt', 'cffi-backend', 'colorama', 'cryptography', 'dateutil', 'distro', 'docutils', 'jmespath', 'prompt-toolkit', 'pyasn1'],
    ...['roman', 'ruamel.yaml', 'ruamel.yaml.clib', 'six', 'urllib3', 'wcwidth'],
  ].map((name, n) => (n === 0 ? name : `python3-${name}`)),
  unpacked: true,
};
/** Migrations of a Python service. It runs by the machine's own python3. */
export const ALEMBIC: Part = {
  name: 'Alembic',
  commands: ['alembic'],
  versionFlag: '--help',
  packages: [
    ...['alembic', 'python3-alembic', 'python3-sqlalchemy', 'python3-mako', 'python3-markupsafe', 'python3-pkg-resources'],
    ...['python3-psycopg2', 'libpq5'],
  ],
  unpacked: true,
};

const WAITING: readonly string[] = [
  ...['docker/container-target', 'docker/container-contract', 'alerts/real-senders', 'prometheus/beside-peers'].map(adapter),
  ...['docker/docker', 'telemetry/real-prometheus', 'promql/real-engines'].map(adapter),
  ...['clock-told', 'notify-survives', 'silence-survives'].map(scenario),
];

function adapter(name: string): string {
  return `test/adapters/${name}.test.ts`;
}

function scenario(name: string): string {
  return `test/scenarios/${name}.test.ts`;
}

/** In the order in which they run: the cheapest to fail comes first. */
export const LANES: readonly Lane[] = [
  { name: 'unit', proves: 'decisions, sequences on fakes, the CLI, the house rules', needs: [git], timeoutMs: 15 * minute },
  {
    name: 'core',
    proves: 'adapters against real parts, the scenarios',
    needs: [git],
    likes: [
      PROMETHEUS,
      PROMTOOL,
      ALERTMANAGER,
      VICTORIA_METRICS,
      VMALERT,
      DOCKERD,
      BUSYBOX,
      KUBECTL,
      SSHD,
      COMPOSE,
      REDIS,
      HAPROXY,
      CADDY,
      AGE,
      AWS,
      ALEMBIC,
    ],
    waiting: WAITING,
    timeoutMs: 20 * minute,
  },
  { name: 'web', proves: 'the war room in a real browser', needs: [chromium], timeoutMs: 10 * minute },
  { name: 'crash', proves: 'kill -9 at every boundary, and of real processes', needs: [], timeoutMs: 25 * minute },
  {
    name: 'heavy',
    proves: 'n8n and the control plane of Kubernetes themselves, in place of the servers that play them',
    needs: [git],
    onDemand: HEAVY_PARTS,
    timeoutMs: 120 * minute,
  },
];
