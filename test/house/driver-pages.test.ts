// Every driver of each section of belay.yaml has its page, its row in the index, and an example that the loader takes.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { loadAndLint } from '../../src/config/lint.ts';
import { BUCKET_DRIVERS } from '../../src/domain/bucket-catalog.ts';
import { DATABASE_DRIVERS } from '../../src/domain/database-catalog.ts';
import { INTEGRATION_DRIVERS } from '../../src/domain/integration-catalog.ts';
import { PROXY_DRIVERS } from '../../src/domain/proxy-catalog.ts';
import { SECRET_DRIVERS } from '../../src/domain/secret-catalog.ts';
import { SERVICE_DRIVERS } from '../../src/domain/service-catalog.ts';
import { CONFIG_DRIVERS, FLAG_DRIVERS } from '../../src/domain/setting-catalog.ts';
import { SOURCE_DRIVERS } from '../../src/domain/source-catalog.ts';
import { SWITCH_DRIVERS } from '../../src/domain/switch-catalog.ts';
import { TARGET_DRIVERS } from '../../src/domain/target-catalog.ts';
import { TOOLS } from '../config/workspace.ts';
import { read, root } from './source.ts';

const DRIVERS = {
  sources: SOURCE_DRIVERS,
  targets: TARGET_DRIVERS,
  switches: SWITCH_DRIVERS,
  proxies: PROXY_DRIVERS,
  services: SERVICE_DRIVERS,
  integrations: INTEGRATION_DRIVERS,
  databases: DATABASE_DRIVERS,
  flags: FLAG_DRIVERS,
  config: CONFIG_DRIVERS,
  secrets: SECRET_DRIVERS,
  buckets: BUCKET_DRIVERS,
} as const;
const PAGES = Object.entries(DRIVERS).flatMap(([what, drivers]) =>
  Object.keys(drivers).map((driver) => [what as keyof typeof DRIVERS, driver] as const),
);

test.each(PAGES)('%s: the driver %s has a page whose example reads without a problem', (what, driver) => {
  const page = `docs/${what}/${driver}.md`;
  expect(existsSync(path.join(root, page)), page).toBe(true);
  expect(read(`docs/${what}/README.md`)).toContain(`[\`${driver}\`](${driver}.md)`);
  const example = [...read(page).matchAll(/```yaml\n(belay: 1\n[\s\S]*?)```/g)].map((match) => match[1] ?? '')[0] ?? '';
  expect(example).toContain(`driver: ${driver}`);
  const names = new Set([...example.matchAll(/\{env\.(\w+)\}/g)].map((match) => match[1] ?? ''));
  const fake = (name: string): string =>
    name === 'DOMAIN'
      ? 'shop.test'
      : /DATABASE_URL$/.test(name)
        ? 'postgres://belay@127.0.0.1:1/db'
        : /URL$/.test(name)
          ? 'http://127.0.0.1:1'
          : /SECRET|TOKEN|KEY/.test(name)
            ? 'c2VjcmV0'
            : '127.0.0.1:1';
  const folder = mkdtempSync(path.join(tmpdir(), 'belay-page-'));
  try {
    writeFileSync(path.join(folder, 'belay.yaml'), example);
    const loaded = loadAndLint(folder, { ...TOOLS, env: Object.fromEntries([...names].map((name) => [name, fake(name)])) });
    expect(loaded.diagnostics.filter((one) => one.severity === 'error')).toEqual([]);
    expect(loaded.system?.[what]?.map((one) => one.driver)).toContain(driver);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
