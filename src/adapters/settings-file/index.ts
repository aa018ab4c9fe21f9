// Settings and flags in files that a service reads: environment files, JSON, a constant of TypeScript, flag files of flagd, and
// Belay's own.
import type { ConfigSpec, FlagSpec } from '../../domain/setting-catalog.ts';
import type { SettingStore } from '../../ports/settings.ts';
import { envFormat } from './env.ts';
import { jsonFormat } from './json.ts';
import { createFileStore, type FileDeps } from './store.ts';
import { typescriptFormat } from './typescript.ts';

export { createBelayFlag } from './belay-file.ts';
export { createFlagdFile } from './flagd-file.ts';

type FileSpec = Extract<ConfigSpec | FlagSpec, { driver: 'env-file' | 'json-file' | 'ts-file' }>;

/**
 * @example createSettingsFile({ id: 'crm', driver: 'env-file', file: '/srv/crm/.env', quoting: 'shell' }, deps)
 * @throws BELAY_CONFIG_INVALID
 */
export function createSettingsFile(spec: FileSpec, deps: FileDeps): SettingStore {
  switch (spec.driver) {
    case 'env-file':
      return createFileStore({ ...spec, unread: 'needs-restart' }, envFormat(spec.quoting === 'none' ? 'none' : 'shell'), deps);
    case 'json-file':
      return createFileStore({ ...spec, unread: 'read-when-looked' }, jsonFormat(spec.under), deps);
    case 'ts-file':
      return createFileStore({ ...spec, unread: 'needs-redeploy' }, typescriptFormat(spec), deps);
  }
}
