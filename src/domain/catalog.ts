// What runbooks may name: actions of `do` and probes of checks, with the types of their arguments and results.
// It describes, it does not act: flows bind each name to a port. `belay lint` and the expression checker read only this.

import type { SourceDriverName } from './source-catalog.ts';

export type ParamType =
  | 'string'
  | 'int'
  | 'number'
  | 'bool'
  | 'duration'
  | 'org'
  | 'release'
  | 'target'
  | 'switch'
  | 'proxy'
  | 'share'
  | 'service'
  | 'integration'
  | 'intake'
  | 'database'
  | 'trigger'
  | 'source'
  | 'window'
  | 'secret'
  | 'suite'
  | 'bucket'
  | 'synthetic'
  | 'url'
  | 'list'
  | 'object'
  | 'any'
  | 'flag'
  | 'config'
  /** A text, a number, true or false. */
  | 'value'
  /** Key → text, number, true, false, or null: not there. */
  | 'values';

export interface ParamSpec {
  readonly type: ParamType;
  readonly required?: boolean;
  readonly oneOf?: readonly string[];
  /** `{secret.x}` may stand in it: it is filled where it is sent, and nowhere before. */
  readonly secrets?: true;
  /** Of a source: which of them. */
  readonly drivers?: readonly SourceDriverName[];
  /** Of a service: it can be kept and made anew. */
  readonly anew?: true;
}

export interface ActionSpec {
  readonly name: string;
  /** `state` is level-triggered and may be repeated; `once` needs a key; `read` changes nothing. */
  readonly effect: 'state' | 'once' | 'read';
  /** Of a `once`: the target takes two acts of one key for one. */
  readonly honoursKey?: true;
  readonly params: Readonly<Record<string, ParamSpec>>;
}

export type ResultType = 'string' | 'int' | 'double' | 'bool' | 'time';
/** Types of what expressions may name. A `time` is an instant in ms; a record has typed fields. */
export type ExprType = ResultType | 'list' | 'any' | { readonly [field: string]: ExprType };

export interface ProbeSpec {
  readonly name: string;
  readonly params: Readonly<Record<string, ParamSpec>>;
  /** Names and types that `expect` and `when` may use. */
  readonly result: Readonly<Record<string, ResultType | 'any'>>;
}

const target = { type: 'target', required: true } as const;
const org = { type: 'org', required: true } as const;
const text = { type: 'string' } as const;
/** Which one is meant, where there are several of its driver. */
const proxy = { type: 'proxy', required: true } as const;
const service = { type: 'service', required: true } as const;
const anew = { type: 'service', required: true, anew: true } as const;
const integration = { type: 'integration' } as const;
const intake = { type: 'intake', required: true } as const;
const INTAKE_COUNTS = { received: 'int', delivered: 'int', aside: 'int', waiting: 'int', oldestMs: 'int' } as const;
const workflow = { type: 'string', required: true } as const;
const instance = { type: 'string', required: true } as const;
/** Says for the reader that the inbox itself stays. */
const keep = { type: 'string', oneOf: ['inbox'] } as const;
const database = { type: 'database', required: true } as const;
const flag = { type: 'flag', required: true } as const;
const config = { type: 'config', required: true } as const;

export const ACTIONS: Readonly<Record<string, ActionSpec>> = index([
  { name: 'deploy.rollback', effect: 'state', params: { target, to: { type: 'release', required: true } } },
  { name: 'deploy.activate', effect: 'state', params: { target, to: { type: 'release', required: true } } },
  { name: 'deploy.revert', effect: 'state', params: { target, commit: { type: 'string', required: true } } },
  { name: 'deploy.commit', effect: 'state', params: { target, commit: { type: 'string', required: true } } },
  { name: 'deploy.abort', effect: 'state', params: { target } },
  { name: 'deploy.freeze', effect: 'state', params: { target, why: { type: 'string' } } },
  { name: 'deploy.thaw', effect: 'state', params: { target, why: { type: 'string' } } },
  {
    name: 'flow.set',
    effect: 'state',
    params: { switch: { type: 'switch', required: true }, org, to: { type: 'string', required: true } },
  },
  {
    name: 'deploy.traffic',
    effect: 'state',
    params: { proxy, to: { type: 'string', required: true }, share: { type: 'share', required: true } },
  },
  // Services.
  { name: 'service.restart', effect: 'state', params: { service } },
  { name: 'service.stop', effect: 'state', params: { service } },
  { name: 'service.start', effect: 'state', params: { service } },
  { name: 'service.scale', effect: 'state', params: { service, to: { type: 'int', required: true } } },
  // Of a service that can be kept and made anew.
  { name: 'service.keep', effect: 'state', params: { service: anew } },
  { name: 'service.delete', effect: 'state', params: { service: anew, confirm: { type: 'string', required: true } } },
  { name: 'service.create', effect: 'state', params: { service: anew, set: { type: 'values' } } },
  { name: 'service.restoreVariables', effect: 'state', params: { service: anew } },
  { name: 'service.restoreSettings', effect: 'state', params: { service: anew } },
  { name: 'service.connect', effect: 'state', params: { service: anew, commit: { type: 'string' } } },
  // Integrations.
  {
    name: 'n8n.activate',
    effect: 'state',
    params: { workflow, webhookUrl: { type: 'url' }, answers: text, integration },
  },
  { name: 'n8n.deactivate', effect: 'state', params: { workflow, integration } },
  {
    name: 'evolution.setWebhook',
    effect: 'state',
    params: {
      instance,
      url: { type: 'url', required: true },
      events: { type: 'list', required: true },
      byEvents: { type: 'bool' },
      base64: { type: 'bool' },
      integration,
    },
  },
  { name: 'evolution.restart', effect: 'state', params: { instance, integration } },
  { name: 'evolution.create', effect: 'state', params: { instance, qrcode: { type: 'bool' }, number: text, integration } },
  { name: 'evolution.delete', effect: 'state', params: { instance, confirm: { type: 'string', required: true }, integration } },
  {
    name: 'z-api.setWebhook',
    effect: 'state',
    params: {
      on: { type: 'string', required: true, oneOf: ['received', 'delivery', 'connected', 'disconnected'] },
      url: { type: 'url', required: true },
      integration,
    },
  },
  { name: 'chatwoot.automationsOff', effect: 'state', params: { org, keep, integration } },
  { name: 'chatwoot.automationsOn', effect: 'state', params: { org, integration } },
  { name: 'chatwoot.setWebhook', effect: 'state', params: { url: { type: 'url', required: true }, integration } },
  // What stands in front of webhooks.
  { name: 'intake.hold', effect: 'state', params: { intake, org: { type: 'org' } } },
  { name: 'intake.release', effect: 'state', params: { intake, org: { type: 'org' } } },
  { name: 'intake.retry', effect: 'state', params: { intake, org: { type: 'org' } } },
  {
    name: 'db.migrateDown',
    effect: 'state',
    // One of `to` and `keep`.
    params: { database, to: { type: 'string' }, keep: { type: 'release' }, from: { type: 'release', required: true } },
  },
  {
    name: 'db.resolve',
    effect: 'state',
    params: {
      database,
      migration: { type: 'string', required: true },
      as: { type: 'string', required: true, oneOf: ['applied', 'rolled-back'] },
      from: { type: 'release', required: true },
    },
  },
  { name: 'db.freeze', effect: 'state', params: { database, why: { type: 'string' } } },
  { name: 'db.thaw', effect: 'state', params: { database, why: { type: 'string' } } },
  { name: 'db.apply', effect: 'state', params: { database, file: { type: 'string', required: true } } },
  {
    name: 'flag.set',
    effect: 'state',
    params: { flag, to: { type: 'value', required: true }, org: { type: 'org' }, why: { type: 'string' } },
  },
  { name: 'config.set', effect: 'state', params: { config, set: { type: 'values', required: true } } },
  { name: 'config.unset', effect: 'state', params: { config, keys: { type: 'list', required: true } } },
  { name: 'belay.undo', effect: 'state', params: { steps: { type: 'list', required: true } } },
  { name: 'belay.freeze', effect: 'state', params: { org: { type: 'org' }, component: text, why: text } },
  { name: 'belay.thaw', effect: 'state', params: { org: { type: 'org' }, component: text, why: text } },
  { name: 'belay.pause', effect: 'state', params: { why: { type: 'string' } } },
  { name: 'belay.resume', effect: 'state', params: {} },
]);

const optional = { type: 'bool' } as const;
const sourceOf = (...drivers: readonly SourceDriverName[]) => ({ type: 'source', required: true, drivers }) as const;

/** What is read beside the counting, of sources that belay.yaml names. With `optional` a source that it does not name is passed over. */
const LOOKS: readonly ProbeSpec[] = [
  {
    name: 'log',
    params: {
      source: sourceOf('log', 'docker'),
      last: { type: 'duration' },
      lines: { type: 'int' },
      match: { type: 'string' },
      contains: { type: 'string' },
      org: { type: 'org' },
      container: { type: 'string' },
      optional,
    },
    // `matched` of `read` lines; `whole`: all of that time was read.
    result: { matched: 'int', read: 'int', whole: 'bool' },
  },
  {
    name: 'sentry',
    params: { source: sourceOf('sentry-api'), last: { type: 'duration' }, query: { type: 'string' }, optional },
    result: { errors: 'int', issues: 'int', newIssues: 'int' },
  },
  {
    name: 'vendor.status',
    params: { source: sourceOf('status-page'), component: { type: 'string' }, optional },
    // `level`: 0 well, 1 degraded, 2 partly out, 3 out.
    result: { level: 'int', word: 'string', well: 'bool', maintenance: 'bool', incidents: 'int' },
  },
  {
    name: 'sample',
    params: { source: { type: 'source', required: true }, name: { type: 'string', required: true }, labels: { type: 'object' }, optional },
    result: { value: 'double', least: 'double', most: 'double', samples: 'int' },
  },
  {
    name: 'backup',
    params: { source: sourceOf('files'), newerThan: { type: 'duration', required: true }, labels: { type: 'object' } },
    // Of several series the worst. Where there is no file at all nothing names one, and nothing is fresh.
    result: { fresh: 'bool', files: 'int', ageMs: 'int', newestBytes: 'int' },
  },
  { name: 'host', params: { path: { type: 'string' } }, result: { cpu: 'double', memory: 'double', disk: 'double' } },
  {
    name: 'reports',
    params: { trigger: { type: 'trigger', required: true }, org: { type: 'org' } },
    result: { people: 'int', open: 'bool' },
  },
];

const NEAR: readonly ProbeSpec[] = [
  {
    name: 'smoke',
    params: { suite: { type: 'suite', required: true } },
    // `ok`: it ended with 0, no test failed, and some passed.
    result: { ok: 'bool', exit: 'int', passed: 'int', failed: 'int', skipped: 'int' },
  },
  {
    name: 's3',
    params: { bucket: { type: 'bucket', required: true }, prefix: { type: 'string' }, newerThan: { type: 'duration' } },
    // Of a prefix without objects there is no newest: what names it proves nothing. `fresh`: it is newer than `newerThan`.
    result: { objects: 'int', fresh: 'bool', newest: 'string', newestBytes: 'int', newestAgeMs: 'int' },
  },
  {
    name: 'synthetic',
    params: { synthetic: { type: 'synthetic', required: true } },
    result: { ok: 'bool', passed: 'int', steps: 'int', failedAt: 'string', latencyMs: 'double' },
  },
  {
    name: 'window',
    params: { window: { type: 'window', required: true }, atLeast: { type: 'duration' } },
    // `enough`: it is open, and for so long yet.
    result: { open: 'bool', leftMs: 'int', enough: 'bool' },
  },
  {
    name: 'secret',
    params: {
      name: { type: 'secret', required: true },
      // One of these says how the running service shows which secret it uses.
      challenge: { type: 'url' },
      jwt: { type: 'url' },
      envFile: { type: 'string' },
      field: { type: 'string' },
    },
    // `digest` is keyed: it tells two secrets apart and shows neither.
    result: { same: 'bool', expired: 'bool', digest: 'string' },
  },
];

export const PROBES: Readonly<Record<string, ProbeSpec>> = index([
  {
    name: 'http',
    params: {
      url: { type: 'url', required: true },
      timeout: { type: 'duration' },
      contains: { type: 'string' },
      times: { type: 'int' },
      // The whole body, as JSON: neither more nor less.
      json: { type: 'any' },
      headers: { type: 'object', secrets: true },
    },
    // `ok` counts answers below 400 of `times` requests; `status` and `json` are the last one's.
    result: { status: 'int', ok: 'int', tried: 'int', latencyMs: 'double', found: 'bool', json: 'any', equal: 'bool' },
  },
  {
    name: 'metric',
    params: { trigger: { type: 'trigger', required: true }, org: { type: 'org' }, over: { type: 'duration' } },
    result: { value: 'double', lower: 'double', upper: 'double', bad: 'int', all: 'int', growing: 'bool' },
  },
  { name: 'release', params: { target }, result: { version: 'string', frozen: 'bool', uniform: 'bool', units: 'int' } },
  // Of what is live: whether it may be called stable yet.
  { name: 'stable', params: { target }, result: { stable: 'bool', version: 'string' } },
  {
    name: 'changed',
    // Without `from`: what the target ran before; without `to`: what it runs.
    params: { target, from: { type: 'release' }, to: { type: 'release' }, files: { type: 'list' } },
    result: { changed: 'bool', count: 'int' },
  },
  {
    name: 'git',
    params: { dir: { type: 'string', required: true } },
    // `behind` counts what only the branch at the remote has, asked anew.
    result: { branch: 'string', clean: 'bool', ahead: 'int', behind: 'int' },
  },
  {
    name: 'sql',
    params: { query: { type: 'string', required: true }, database: { type: 'database' }, over: { type: 'duration' } },
    // What it takes and gives besides is what the named query says.
    result: {},
  },
  {
    name: 'migrations',
    params: { database, release: { type: 'release', required: true } },
    // `missing`: of the release, not in the database; `unknown`: in the database, not in the release.
    result: { revision: 'string', applied: 'int', missing: 'int', unknown: 'int' },
  },
  {
    name: 'traffic',
    params: { proxy, of: { type: 'string', required: true } },
    result: { share: 'double', up: 'bool' },
  },
  {
    name: 'service',
    params: { service },
    // `oldestStartMs`: how long the unit runs that was started first.
    result: { running: 'int', wanted: 'int', restarts: 'int', oldestStartMs: 'int' },
  },
  {
    name: 'service.kept',
    params: { service: anew, commit: { type: 'string' } },
    // `equal`: variables, settings and source that run are those that are kept. `built`: the commit that is kept, or given, is live, and no
    // other is on its way. Of variables only names and keyed digests are told.
    result: {
      ...{ there: 'bool', deploy: 'string', commit: 'string', frozen: 'bool', built: 'bool' },
      ...{ kept: 'bool', keptCommit: 'string', equal: 'bool', differing: 'any' },
      ...{ variables: 'int', customDomains: 'int', tcpProxies: 'int', ways: 'any' },
      domains: 'any',
      ownDomains: 'any',
      settings: 'any',
      source: 'any',
      digests: 'any',
      file: 'string',
      keptAt: 'time',
    },
  },
  { name: 'flow', params: { switch: { type: 'switch', required: true }, org }, result: { value: 'string' } },
  {
    name: 'intake',
    params: { intake, org: { type: 'org' } },
    result: { ...INTAKE_COUNTS, held: 'bool', breaker: 'string', nextTryMs: 'int' },
  },
  // Integrations.
  {
    name: 'n8n.workflow',
    params: { name: { type: 'string', required: true }, integration },
    result: { found: 'bool', active: 'bool', archived: 'bool' },
  },
  {
    name: 'evolution',
    params: { instance, qr: { type: 'bool' }, integration },
    result: { state: 'string', qr: 'string', pairingCode: 'string' },
  },
  { name: 'z-api', params: { integration }, result: { connected: 'bool', phone: 'bool', said: 'string' } },
  {
    name: 'chatwoot',
    params: { org, integration },
    result: { bot: 'string', rulesOn: 'int', rulesOff: 'int', conversations: 'int' },
  },
  ...LOOKS,
  ...NEAR,
  // `flag` is what an application gets, `config` what stands there; of a secret setting there is no `value`.
  { name: 'flag', params: { flag, org: { type: 'org' } }, result: { value: 'string', on: 'bool' } },
  {
    name: 'ofrep',
    params: { url: { type: 'url', required: true }, flag: { type: 'string', required: true }, org: { type: 'string' } },
    result: { value: 'string', on: 'bool' },
  },
  {
    name: 'config',
    params: { config, key: { type: 'string', required: true } },
    result: { value: 'string', present: 'bool', loaded: 'bool', mark: 'string' },
  },
]);

function index<T extends { readonly name: string }>(specs: readonly T[]): Readonly<Record<string, T>> {
  return Object.fromEntries(specs.map((spec) => [spec.name, spec]));
}
