// What may feed detection: the drivers of `sources:`, with the options of each and their types. It describes, it does not act: the
// configuration is read by it, and the registry binds each driver to its adapter.
import type { DriverOptions, OptionsOf } from './driver-options.ts';

export interface SourceDriver {
  /** Belay reads it itself, at its own cadence; otherwise somebody sends. */
  readonly pulled: boolean;
  readonly options: DriverOptions;
}

/** How a sender proves who it is. `push` has none of these: it comes through the API, with a person's token. */
export const SENDER = {
  verify: { type: 'text', oneOf: ['bearer', 'hmac-sha256', 'standard-webhooks', 'none'], otherwise: 'bearer' },
  secret: { type: 'text' },
  /** That carries the signature; for hmac-sha256. */
  header: { type: 'text' },
  /** A header with a time in seconds that is signed before the body, with a dot between; for hmac-sha256. */
  timestamp: { type: 'text' },
  /** A trigger, or a source that Belay reads itself, that must agree before an unsigned word is enough to act on. */
  corroboratedBy: { type: 'text' },
} as const satisfies DriverOptions;

export interface SenderOptions {
  readonly verify: 'bearer' | 'hmac-sha256' | 'standard-webhooks' | 'none';
  readonly secret?: string;
  readonly header?: string;
  readonly timestamp?: string;
  readonly corroboratedBy?: string;
}

/** Every source also says `every`, its cadence; a pulled one may say `timeout`. */
export const SOURCE_DRIVERS = {
  prometheus: { pulled: true, options: { url: { type: 'url', required: true } } },
  http: {
    pulled: true,
    options: {
      points: { type: 'points', required: true },
      expectStatus: { type: 'int', least: 100, most: 599, otherwise: 200 },
      /** A condition over the answer, instead of `expectStatus`. */
      expect: { type: 'text' },
      certificateDays: { type: 'int', least: 0, most: 3_650, otherwise: 7 },
    },
  },
  sql: {
    pulled: true,
    options: {
      // May hold a password: it is never shown.
      url: { type: 'text', required: true },
      query: { type: 'text', required: true },
      as: { type: 'text', oneOf: ['totals', 'values'], otherwise: 'values' },
    },
  },
  promql: {
    pulled: true,
    options: {
      url: { type: 'url', required: true },
      /** The names of the samples, and what is asked for. */
      queries: { type: 'words', required: true },
      as: { type: 'text', oneOf: ['totals', 'values'], otherwise: 'totals' },
      /** The label that names the process that counts: each has its own restarts. */
      process: { type: 'text', otherwise: 'instance' },
      /** How far behind now the engine is whole. */
      offset: { type: 'duration', least: 0, otherwise: 1_000 },
      token: { type: 'text' },
      headers: { type: 'headers' },
    },
  },
  log: {
    pulled: true,
    options: {
      path: { type: 'text', required: true },
      format: { type: 'text', oneOf: ['text', 'json'], otherwise: 'text' },
      /** Of format text: named groups become labels. */
      pattern: { type: 'text' },
      /** Of format json: these become labels. */
      fields: { type: 'texts' },
      number: { type: 'text' },
      time: { type: 'text' },
      start: { type: 'text', oneOf: ['end', 'beginning'], otherwise: 'end' },
    },
  },
  push: { pulled: false, options: {} },
  host: { pulled: true, options: { path: { type: 'text' } } },
  files: {
    pulled: true,
    options: {
      folder: { type: 'text', required: true },
      /** Of names: `*`, `?`, and `{label}`, which is `*` and becomes a label. */
      match: { type: 'text', otherwise: '*' },
      /** Bytes: a smaller file is no good thing. */
      least: { type: 'int', least: 0, otherwise: 1 },
    },
  },
  'status-page': { pulled: true, options: { url: { type: 'url', required: true }, components: { type: 'texts' } } },
  /** Belay's own. */
  intake: { pulled: true, options: {} },
  docker: {
    pulled: true,
    options: {
      socket: { type: 'text', otherwise: '/var/run/docker.sock' },
      /** Names; those that are not there are told. */
      containers: { type: 'texts' },
      /** Only containers with all of them: `key` or `key=value`. */
      labels: { type: 'texts' },
      /** The container's label that names the organization. */
      org: { type: 'text' },
    },
  },
  pm2: {
    pulled: true,
    options: {
      /** How PM2 is called: a program and what comes before `jlist`. */
      command: { type: 'texts', otherwise: ['pm2'] },
      /** Its PM2_HOME; otherwise `.pm2` of the user that runs Belay. */
      home: { type: 'text' },
      /** Names; those that are not there are told. */
      apps: { type: 'texts' },
    },
  },
  kubernetes: {
    pulled: true,
    options: {
      url: { type: 'url', otherwise: 'https://kubernetes.default.svc' },
      namespace: { type: 'text', required: true },
      /** A label selector, as kubectl takes it. */
      selector: { type: 'text' },
      token: { type: 'text' },
      /** Instead of `token`: read at each reading, because it is renewed. */
      tokenFile: { type: 'text' },
      caFile: { type: 'text' },
      /** The pod's label that names the organization. */
      org: { type: 'text' },
    },
  },
  'sentry-api': {
    pulled: true,
    options: {
      url: { type: 'url', otherwise: 'https://sentry.io' },
      organization: { type: 'text', required: true },
      token: { type: 'text', required: true },
      /** Slugs or ids; all of them where none is written. */
      projects: { type: 'texts' },
      environment: { type: 'text' },
      /** In Sentry's search syntax: only these events and issues. */
      query: { type: 'text' },
      counts: { type: 'texts', otherwise: ['errors'] },
      /** How long Sentry may take to have a minute complete. */
      settle: { type: 'duration', otherwise: 60_000 },
    },
  },
  alertmanager: {
    pulled: true,
    options: {
      /** Below which `/api/v2/alerts` is. */
      url: { type: 'url', required: true },
      token: { type: 'text' },
      /** Matchers, all of which must hold. */
      filter: { type: 'texts' },
      /** The label that names the organization. */
      org: { type: 'text', otherwise: 'org' },
      corroboratedBy: { type: 'text' },
    },
  },
  datadog: {
    pulled: true,
    options: {
      url: { type: 'url', otherwise: 'https://api.datadoghq.com' },
      apiKey: { type: 'text', required: true },
      appKey: { type: 'text', required: true },
      /** By the name of the samples. */
      queries: { type: 'words', required: true },
      as: { type: 'text', oneOf: ['counts', 'values'], otherwise: 'counts' },
      /** How long Datadog may take to have a minute complete. */
      settle: { type: 'duration', otherwise: 120_000 },
    },
  },
  ga4: {
    pulled: true,
    options: {
      property: { type: 'text', required: true },
      /** The key of a service account, as JSON; or the file that holds it. */
      key: { type: 'text' },
      keyFile: { type: 'text' },
      report: { type: 'text', oneOf: ['realtime', 'today'], otherwise: 'realtime' },
      metrics: { type: 'texts', required: true },
      dimensions: { type: 'texts' },
      url: { type: 'url', otherwise: 'https://analyticsdata.googleapis.com' },
      tokenUrl: { type: 'url', otherwise: 'https://oauth2.googleapis.com/token' },
    },
  },
  alerts: {
    pulled: false,
    options: {
      ...SENDER,
      /** The label that names the organization. */
      org: { type: 'text', otherwise: 'org' },
      /** How long a state stands that its sender gives no end: a bit more than the sender's own interval of repeating. */
      hold: { type: 'duration', least: 1_000, otherwise: 5 * 3_600_000 },
    },
  },
  webhook: {
    pulled: false,
    options: {
      ...SENDER,
      name: { type: 'text', required: true },
      // The others are CEL over body, headers and, with `each`, item.
      each: { type: 'text' },
      count: { type: 'text' },
      value: { type: 'text' },
      eventId: { type: 'text' },
      at: { type: 'text' },
      org: { type: 'text' },
      labels: { type: 'words' },
      /** How long a value stands for senders that only tell changes. */
      hold: { type: 'duration', least: 1_000 },
    },
  },
  sentry: { pulled: false, options: { ...SENDER } },
  'remote-write': { pulled: false, options: { ...SENDER } },
  otlp: { pulled: false, options: { ...SENDER } },
} as const satisfies Readonly<Record<string, SourceDriver>>;

export type SourceDriverName = keyof typeof SOURCE_DRIVERS;

/** One configured source, by its driver. */
export type SourceSpec = {
  readonly [D in SourceDriverName]: {
    readonly id: string;
    readonly driver: D;
    readonly everyMs: number;
  } & ((typeof SOURCE_DRIVERS)[D]['pulled'] extends true ? { readonly timeoutMs: number } : object) &
    OptionsOf<(typeof SOURCE_DRIVERS)[D]['options']>;
}[SourceDriverName];

/** Whose word its counts are. */
export function provenanceOf(source: SourceSpec): 'own' | 'signed' | 'unsigned' {
  // Whoever signed it: an alert is somebody else's rule, a hint that starts Belay's own checks.
  if (source.driver === 'alerts' || source.driver === 'alertmanager') return 'unsigned';
  if (isPulled(source)) return 'own';
  return 'verify' in source && source.verify === 'none' ? 'unsigned' : 'signed';
}

export type PulledSpec = Extract<SourceSpec, { readonly timeoutMs: number }>;
export const isPulled = (source: SourceSpec): source is PulledSpec => SOURCE_DRIVERS[source.driver].pulled;

/** The times of its samples are those of their telling: who sends, and pages that are read as they are now. Queries tell of times gone by. */
export const stampsNow = (source: SourceSpec): boolean => !isPulled(source) || source.driver === 'prometheus';
