// Where releases may run: the drivers of `targets:` with the options of each. It describes, it does not act: the configuration is read
// by it, and the registry binds each driver to its adapter.
import type { DriverOptions, OptionsOf, SpecOf } from './driver-options.ts';

export const TARGET_DRIVERS = {
  'release-directory': {
    /** Holds releases/<name>/ and current. */
    root: { type: 'text', required: true },
    /** Where it is; this machine if not written. */
    ssh: { type: 'host' },
    pidFile: { type: 'text' },
    /** Makes the service load `current`; of `pidFile`, SIGHUP if not written. */
    signal: { type: 'text' },
    /** Instead of a signal: a program and its arguments. */
    reload: { type: 'texts' },
    /** Answers `{"release": …}` (or the bare name): what the running process really serves. */
    versionUrl: { type: 'url' },
    /** Files that a whole release has. */
    requires: { type: 'texts' },
    /** A file of this name in a release says: once it has run, nothing before it can run any more. */
    oneWay: { type: 'text' },
  },
  pm2: {
    /** Holds releases/<name>/ and current. */
    root: { type: 'text', required: true },
    /** Names of its programs, which run in `current`. */
    apps: { type: 'texts', required: true },
    /** In each release: what PM2 is given. */
    config: { type: 'text', otherwise: 'eco.config.js' },
    command: { type: 'texts', otherwise: ['pm2'] },
    home: { type: 'text' },
    requires: { type: 'texts' },
    oneWay: { type: 'text' },
    timeout: { type: 'duration', otherwise: 120_000, least: 1_000, most: 600_000 },
  },
  heroku: {
    app: { type: 'text', required: true },
    token: { type: 'text', required: true },
    url: { type: 'url', otherwise: 'https://api.heroku.com' },
    timeout: { type: 'duration', otherwise: 20_000, least: 1_000, most: 120_000 },
  },
  railway: {
    /** Ids, as the address of the dashboard shows them. */
    project: { type: 'text', required: true },
    environment: { type: 'text', required: true },
    service: { type: 'text', required: true },
    token: { type: 'text', required: true },
    tokenOf: { type: 'text', oneOf: ['account', 'project'], otherwise: 'account' },
    url: { type: 'url', otherwise: 'https://backboard.railway.com/graphql/v2' },
    timeout: { type: 'duration', otherwise: 20_000, least: 1_000, most: 120_000 },
  },
  vercel: {
    /** Its id or its name. */
    project: { type: 'text', required: true },
    /** The id of the team that owns it. */
    team: { type: 'text' },
    token: { type: 'text', required: true },
    url: { type: 'url', otherwise: 'https://api.vercel.com' },
    timeout: { type: 'duration', otherwise: 20_000, least: 1_000, most: 120_000 },
  },
  git: {
    /** `https://host/path`, or `ssh://user@host/path`. */
    remote: { type: 'text', required: true },
    branch: { type: 'text', otherwise: 'main' },
    /** Over https: a token, and the user that goes with it. */
    token: { type: 'text' },
    user: { type: 'text' },
    /** A file of certificates that are trusted besides. */
    ca: { type: 'text' },
    /** Over ssh: the file of a private key, and the public key of the host. */
    key: { type: 'text' },
    hostKey: { type: 'text' },
    /** Where Belay keeps its own clone. */
    mirror: { type: 'text' },
    author: { type: 'text' },
    /** Answers `{"commit": …}`, `{"version": …}` or the bare name: what the service really serves. */
    versionUrl: { type: 'url' },
    /** How long a push may take to be served. */
    rebuild: { type: 'duration', otherwise: 600_000 },
    /** How long a push itself may take. */
    timeout: { type: 'duration', otherwise: 120_000 },
    /** Move the branch back instead of adding a commit. */
    rewrite: { type: 'bool', otherwise: false },
    /** Begin `hotfix/rollback-<date>` at each rollback. */
    hotfixBranch: { type: 'bool', otherwise: false },
    /** What is pushed runs migrations and the like before it is served. */
    runsReleaseHooks: { type: 'bool', otherwise: false },
  },
  kubernetes: {
    url: { type: 'url', otherwise: 'https://kubernetes.default.svc' },
    namespace: { type: 'text', required: true },
    deployment: { type: 'text', required: true },
    token: { type: 'text' },
    /** Instead of `token`: read each time, because it is renewed. */
    tokenFile: { type: 'text' },
    caFile: { type: 'text' },
    timeout: { type: 'duration', otherwise: 20_000, least: 1_000, most: 120_000 },
  },
  'docker-container': {
    /** Its name. */
    container: { type: 'text', required: true },
    /** Of the images that are its releases, without a tag. */
    repository: { type: 'text', required: true },
    /** Of the Docker Engine; /var/run/docker.sock if not written. */
    socket: { type: 'text' },
    /** Instead of a socket. */
    url: { type: 'url' },
    /** The new one is brought up beside the old one where both can run at once. */
    overlap: { type: 'bool', otherwise: true },
    /** One that is not well by then is taken back. */
    healthyWithin: { type: 'duration', otherwise: 60_000 },
  },
  'docker-service': {
    service: { type: 'text', required: true },
    repository: { type: 'text', required: true },
    socket: { type: 'text' },
    url: { type: 'url' },
  },
} as const satisfies Readonly<Record<string, DriverOptions>>;

export type TargetDriverName = keyof typeof TARGET_DRIVERS;

/** What can keep other deployers out, as far as they ask. */
export const CAN_FREEZE: ReadonlySet<TargetDriverName> = new Set(['release-directory', 'pm2', 'railway', 'vercel']);

/** What the adapter of a driver is given. */
export type TargetOptions<D extends TargetDriverName> = OptionsOf<(typeof TARGET_DRIVERS)[D]>;

interface OfTarget {
  readonly id: string;
  readonly component?: string;
  /** Healthy for so long before one of its releases is called stable; 48 h if not written. */
  readonly soakMs?: number;
  /** A file in each release that says which flags it reads. */
  readonly flags?: string;
}

/** One configured target, by its driver. */
export type TargetSpec = SpecOf<typeof TARGET_DRIVERS, OfTarget>;
