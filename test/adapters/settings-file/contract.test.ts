// The contracts of settings and of flags on real files, read back by loaders that are not ours where there are any: Node's own reader of
// environment files, JSON, and the constant as Node strips and runs it.
import { stripTypeScriptTypes } from 'node:module';
import { parseEnv } from 'node:util';
import { runInNewContext } from 'node:vm';
import { createSettingsFile } from '../../../src/adapters/settings-file/index.ts';
import { createActions } from '../../../src/flows/actions/index.ts';
import { flagInStore } from '../../../src/flows/flags/of-store.ts';
import type { SettingStore } from '../../../src/ports/settings.ts';
import { actionContract } from '../../contracts/action.ts';
import { flagContract, settingStoreContract } from '../../contracts/settings.ts';
import { depsIn, type Folder, folderWith } from './world.ts';

const ENV = '# of the shop\nCACHE_MODE=normal # for now\nexport RATE_LIMIT="10"\nAPI_TOKEN=\'t0p\'\n';
const JSON_TEXT = '{\n  "name": "shop",\n  "settings": { "CACHE_MODE": "normal", "RATE_LIMIT": "10", "API_TOKEN": "t0p" }\n}\n';
const TS = `// Flags of the app
export const settings = {
  CACHE_MODE: 'normal', // for now
  RATE_LIMIT: '10',
  API_TOKEN: 't0p',
} as const;
`;

const KINDS = {
  'an environment file': {
    name: '.env',
    text: ENV,
    open: (folder: Folder): SettingStore =>
      createSettingsFile({ id: 'shop', driver: 'env-file', file: folder.file, quoting: 'shell' }, depsIn(folder.dir)),
    read: async (folder: Folder) => ({ ...parseEnv(folder.text()) }),
    put: (text: string, key: string, value: string) => text.replace(new RegExp(`${key}=\\S*`), `${key}=${value}`),
  },
  'a JSON file': {
    name: 'settings.json',
    text: JSON_TEXT,
    open: (folder: Folder): SettingStore =>
      createSettingsFile({ id: 'shop', driver: 'json-file', file: folder.file, under: 'settings' }, depsIn(folder.dir)),
    read: async (folder: Folder) => (JSON.parse(folder.text()) as { settings: Record<string, unknown> }).settings,
    put: (text: string, key: string, value: string) => text.replace(new RegExp(`"${key}": "[^"]*"`), `"${key}": "${value}"`),
  },
  'a constant of TypeScript': {
    name: 'features.ts',
    text: TS,
    open: (folder: Folder): SettingStore =>
      createSettingsFile({ id: 'shop', driver: 'ts-file', file: folder.file, name: 'settings' }, depsIn(folder.dir)),
    // As Node runs the file: types are stripped, and the constant is what the program sees.
    read: async (folder: Folder) =>
      runInNewContext(`${stripTypeScriptTypes(folder.text()).replace('export ', '')}; ({ ...settings })`) as Record<string, unknown>,
    put: (text: string, key: string, value: string) => text.replace(new RegExp(`${key}: '[^']*'`), `${key}: '${value}'`),
  },
} as const;

for (const [kind, { name, text, open, read, put }] of Object.entries(KINDS)) {
  const make = async () => {
    const folder = folderWith(name, text);
    const store = open(folder);
    return {
      folder,
      store,
      read: () => read(folder),
      put: async (key: string, value: string) => folder.save(put(folder.text(), key, value)),
      close: folder.close,
    };
  };
  settingStoreContract(kind, make);

  flagContract(`a key of ${kind}`, async () => {
    const { folder, store, read: all, put: save, close } = await make();
    const flag = flagInStore(store, { key: 'CACHE_MODE', onUnreachable: null });
    return {
      flag,
      is: 'normal',
      to: 'aggressive',
      put: () => save('CACHE_MODE', 'off'),
      given: async () => (await all())['CACHE_MODE'],
      close: async () => {
        await close();
        await folder.close();
      },
    };
  });

  actionContract(`config.set on ${kind}`, async () => {
    const { store, put: save, close } = await make();
    const action = createActions({ targets: {}, switches: {}, pause: null as never, configs: { shop: store } })['config.set'];
    if (action === undefined) throw new Error('no action config.set');
    return {
      action,
      args: { config: 'shop', set: { CACHE_MODE: 'aggressive', RATE_LIMIT: '100' } },
      impossible: { config: 'shop', set: { API_TOKEN: 'another' } },
      interfere: () => save('RATE_LIMIT', '11'),
      close,
    };
  });

  actionContract(`flag.set on ${kind}`, async () => {
    const { store, put: save, close } = await make();
    const flags = { cache: flagInStore(store, { key: 'CACHE_MODE', onUnreachable: null }) };
    const action = createActions({ targets: {}, switches: {}, pause: null as never, flags })['flag.set'];
    if (action === undefined) throw new Error('no action flag.set');
    return {
      action,
      args: { flag: 'cache', to: 'aggressive' },
      impossible: { flag: 'cache', to: 'aggressive', org: 'acme' },
      interfere: () => save('CACHE_MODE', 'off'),
      close,
    };
  });
}
