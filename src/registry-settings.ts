// The registry of flags and settings: which driver name of belay.yaml is which adapter.
import { createFileWriter } from './adapters/file-writer/index.ts';
import { createFlagsmith } from './adapters/flagsmith/index.ts';
import { createOfrep } from './adapters/ofrep/index.ts';
import { createBelayFlag, createFlagdFile, createSettingsFile } from './adapters/settings-file/index.ts';
import { createSqlRow } from './adapters/sql-row/index.ts';
import { createUnleash } from './adapters/unleash/index.ts';
import type { ConfigSpec, FlagSpec } from './domain/setting-catalog.ts';
import type { System } from './domain/system.ts';
import { flagInStore } from './flows/flags/of-store.ts';
import { evaluatedBy } from './flows/flags/verified.ts';
import type { Digest } from './ports/digest.ts';
import type { Http } from './ports/http.ts';
import type { Processes } from './ports/process.ts';
import type { Flag, FlagService, SettingStore } from './ports/settings.ts';
import type { Time } from './ports/time.ts';

export interface SettingDeps {
  readonly http: Http;
  readonly processes: Processes;
  /** Where relative paths of the configuration start. */
  readonly baseDir: string;
  readonly dataDir: string;
  readonly time: Pick<Time, 'now'>;
  /** Of values: what is shown of a secret. */
  readonly digest: Pick<Digest, 'keyed'>;
}

/** What actions and probes are given. */
export interface OpenedSettings {
  readonly flags: Readonly<Record<string, Flag>>;
  readonly configs: Readonly<Record<string, SettingStore>>;
  readonly flagService: FlagService;
}

/** @throws BELAY_CONFIG_INVALID for options that mean nothing */
export function openSettings({ flags, config }: Pick<System, 'flags' | 'config'>, deps: SettingDeps): OpenedSettings {
  return {
    flags: Object.fromEntries((flags ?? []).map((spec) => [spec.id, openFlag(spec, deps)])),
    configs: Object.fromEntries((config ?? []).map((spec) => [spec.id, openConfig(spec, deps)])),
    flagService: createOfrep(deps),
  };
}

const files = createFileWriter();

/** Drivers whose flags Belay can answer for at any time: it keeps them, or reads them from a table. */
const SERVED: ReadonlySet<FlagSpec['driver']> = new Set(['belay', 'sql-row']);

/** What applications may read by OFREP. */
export const servedFlags = ({ flags }: Pick<System, 'flags'>, opened: OpenedSettings['flags']): OpenedSettings['flags'] =>
  Object.fromEntries((flags ?? []).flatMap(({ id, driver }) => (SERVED.has(driver) && opened[id] !== undefined ? [[id, opened[id]]] : [])));

/** @throws BELAY_CONFIG_INVALID for options that mean nothing */
export function openFlag(spec: FlagSpec, deps: SettingDeps): Flag {
  const flag = openOwnFlag(spec, deps);
  const { ofrep, ofrepKey, ofrepToken } = spec;
  if (ofrep === undefined) return flag;
  const service = createOfrep(deps);
  const token = ofrepToken === undefined ? {} : { token: ofrepToken };
  return evaluatedBy(flag, (org) => service.evaluate({ url: ofrep, flag: ofrepKey ?? spec.id, org, ...token }));
}

function openOwnFlag(spec: FlagSpec, deps: SettingDeps): Flag {
  switch (spec.driver) {
    case 'env-file':
    case 'json-file':
    case 'ts-file':
      return flagInStore(createSettingsFile(spec, { ...deps, files }), {
        key: spec.key ?? spec.id,
        onUnreachable: spec.onUnreachable ?? null,
      });
    case 'flagd-file':
      return createFlagdFile(spec, { ...deps, files });
    case 'unleash':
      return createUnleash(spec, deps);
    case 'flagsmith':
      return createFlagsmith(spec, deps);
    case 'belay':
      return createBelayFlag(spec, { ...deps, files });
    case 'sql-row':
      return createSqlRow(spec, deps);
  }
}

/** @throws BELAY_CONFIG_INVALID for options that mean nothing */
export function openConfig(spec: ConfigSpec, deps: SettingDeps): SettingStore {
  switch (spec.driver) {
    case 'env-file':
    case 'json-file':
    case 'ts-file':
      return createSettingsFile(spec, { ...deps, files });
  }
}
