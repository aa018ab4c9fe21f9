// The second, small composition root: what the command line needs of adapters when no server answers. Everything here looks; the one
// thing that it writes is the pause file.
import { combinePause, createPauseFile, type PausePlace } from './adapters/pause-file/index.ts';
import { createDigest, systemTime } from './adapters/system/index.ts';
import type { LocalParts, Wiring } from './cli/wiring.ts';
import type { DrivenSpec } from './config/lint-types.ts';
import { BelayError } from './domain/errors.ts';
import type { Json } from './domain/json.ts';
import { isPulled } from './domain/source-catalog.ts';
import type { System } from './domain/system.ts';
import type { Freezes } from './ports/freezes.ts';
import type { PauseSwitch } from './ports/pause.ts';
import type { Readings } from './ports/readings.ts';
import type { ChannelDeps, SourceDeps } from './registry.ts';
import type { SettingDeps } from './registry-settings.ts';

type Registry = typeof import('./registry.ts') &
  typeof import('./registry-settings.ts') &
  Pick<typeof import('./registry-looks.ts'), 'openBucket'>;

const NO_SECRETS = { fill: async (text: string) => text, masked: async (text: string) => text };

/** The pause file alone: the row in the store is neither read nor written here, so clearing the file may not be enough to go on. */
export function localPause(dataDir: string): PauseSwitch {
  const absent: PausePlace = { read: async () => null, set: async () => undefined, clear: async () => undefined };
  return combinePause({ file: createPauseFile({ dataDir }, { time: systemTime }), store: absent }, { time: systemTime });
}

// A pause must be quick: what only the others need is loaded by them.

/** What the lint asks of the expression language, of templates and of the adapters of sources. */
export async function lintTools(): ReturnType<Wiring['lintTools']> {
  const [{ createCel }, { createHttp, createNet }, { createProcesses }, { createRenderer }, ...registries] = await Promise.all([
    import('./adapters/cel/index.ts'),
    import('./adapters/http/index.ts'),
    import('./adapters/process/index.ts'),
    import('./adapters/templates/index.ts'),
    import('./registry.ts'),
    import('./registry-looks.ts'),
    import('./registry-settings.ts'),
  ]);
  const expression = createCel();
  const renderer = createRenderer();
  const allow: readonly string[] = [];
  const files = { processes: createProcesses(), time: systemTime, baseDir: '/', dataDir: '/', digest: createDigest(systemTime.uuid()) };
  const deps = { http: createHttp({ allow }), net: createNet({ allow }), expression, say: () => undefined, ...files };
  return {
    check: (source, names, wants) => expression.check(source, names, wants),
    templateVariables: (source) => renderer.variables(source),
    // Opening is not reading: nothing is asked of anybody.
    hashOf: (runbook) => createDigest('').of(runbook as unknown as Json),
    driverProblem: (one) => problemOf(() => openDriven(one, { ...registries[0], ...registries[1], ...registries[2] }, deps)),
    today: new Date(systemTime.now()).toISOString().slice(0, 10),
  };
}

function openDriven(one: DrivenSpec, registry: Registry, deps: ChannelDeps & SourceDeps & SettingDeps): unknown {
  switch (one.what) {
    case 'source':
      return isPulled(one.spec) ? registry.openReader(one.spec, deps) : null;
    case 'target':
      return registry.openTarget(one.spec, deps);
    case 'switch':
      return registry.openSwitch(one.spec, deps);
    case 'proxy':
      return registry.openProxy(one.spec, deps);
    case 'service':
      return registry.openService(one.spec, deps);
    case 'integration':
      return registry.openIntegration(one.spec, deps);
    case 'database':
      return registry.openDatabase(one.spec, deps);
    case 'flag':
      return registry.openFlag(one.spec, deps);
    case 'config':
      return registry.openConfig(one.spec, deps);
    case 'channel':
      return registry.openChannel(one.spec, deps);
    case 'bucket':
      return registry.openBucket(one.spec, { ...deps, secrets: NO_SECRETS });
    case 'secret':
      return null;
  }
}

function problemOf(open: () => unknown): { readonly message: string; readonly hint?: string } | null {
  try {
    open();
    return null;
  } catch (error) {
    if (!BelayError.is(error, 'BELAY_CONFIG_INVALID')) throw error;
    return { message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
  }
}

/** SQL as Postgres reads it. */
export async function sqlParser(): Promise<(sql: string) => Promise<readonly Json[] | null>> {
  const { createSqlParser } = await import('./adapters/sql-parser/index.ts');
  return createSqlParser().parse;
}

/** Rules of Prometheus, in and out. */
export async function ruleFiles(): ReturnType<Wiring['ruleFiles']> {
  const { importPrometheusRules, exportPrometheusRules } = await import('./adapters/prometheus-rules/index.ts');
  return { importRules: importPrometheusRules, exportRules: exportPrometheusRules };
}

interface PartsOptions {
  readonly system: System;
  readonly baseDir: string;
  readonly dataDir: string;
  /** For secrets that stand there; nobody's where it is left out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** The adapters of a configuration, to look through. @throws BELAY_CONFIG_INVALID for options that a driver does not take */
export async function openParts(o: PartsOptions): Promise<LocalParts> {
  const [{ createCel }, { createHttp, createNet }, { createProcesses }, { openReader }, { openDrivers }] = await Promise.all([
    import('./adapters/cel/index.ts'),
    import('./adapters/http/index.ts'),
    import('./adapters/process/index.ts'),
    import('./registry.ts'),
    import('./drivers.ts'),
  ]);
  const { allow } = o.system.network;
  const expression = createCel();
  const deps = {
    ...{ http: createHttp({ allow }), net: createNet({ allow }), processes: createProcesses(), time: systemTime, expression },
    ...{ baseDir: o.baseDir, dataDir: o.dataDir, env: o.env ?? {}, say: () => undefined, lookOnly: true },
    // Digests of secrets are keyed by chance: what is printed here says nothing to whoever reads it elsewhere.
    ...{ readings: nobodyMeasures, freezes: noFreezes, pause: localPause(o.dataDir), digest: createDigest(systemTime.uuid()) },
  };
  const { targets, databases, actions, probes, commandRunner: _none, ...looked } = openDrivers(o.system, deps);
  const plan = { system: o.system, digest: createDigest(''), targets, databases, expression, actions, probes };
  const read: LocalParts['read'] = async (source, withinMs) => {
    const timeoutMs = Math.min(source.timeoutMs, withinMs);
    return openReader({ ...source, timeoutMs }, deps).read(AbortSignal.timeout(withinMs + SPARE_MS), {});
  };
  return { http: deps.http, targets, ...looked, plan, read };
}

/** Readers end by themselves, in their own words; what does not is cut off. */
const SPARE_MS = 2_000;

/** They stand in the store, which is not open here. */
const noFreezes: Freezes = { list: async () => [], set: async () => false, lift: async () => false };

const WHY = 'no Belay runs here, so nothing is measured';

const nobodyMeasures: Readings = {
  read: async () => ({ known: false, why: WHY, value: 0, lower: 0, upper: 0, bad: 0, all: 0, growing: false, watermark: 0 }),
  views: async () => [],
  series: async () => null,
  report: async () => ({ status: 'ok', people: [], withinMs: 0, enough: false }),
  users: async () => undefined,
  told: async () => [],
  health: async () => ({ watermarkAgeMs: Number.POSITIVE_INFINITY, lagMs: 0, deadSources: [] }),
};
