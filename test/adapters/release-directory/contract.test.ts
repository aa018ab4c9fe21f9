// The deploy target contract on the fake and on real folders with the real shop: told by signal, by a command, and watched by address.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { createReleaseDirectory } from '../../../src/adapters/release-directory/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import { createVirtualDeployTarget } from '../../../src/adapters/virtual/deploy-target.ts';
import { createActions } from '../../../src/flows/actions/index.ts';
import { actionContract } from '../../contracts/action.ts';
import { type DeployTargetUnderTest, deployTargetContract } from '../../contracts/deploy-target.ts';
import { type Shop, startShop } from '../../world/parts/shop.ts';

const processes = createProcesses();

async function underTest(options: (shop: Shop) => Record<string, unknown>): Promise<DeployTargetUnderTest> {
  const shop = await startShop();
  const deps = { time: systemTime, processes, http: createHttp({ allow: ['127.0.0.1'] }), baseDir: shop.story.dir };
  return {
    target: createReleaseDirectory({ root: 'service', ...options(shop) }, deps),
    deploy: async (release) => {
      await shop.deploy(release);
    },
    running: shop.running,
    prune: (release) => rm(join(shop.service, 'releases', release), { recursive: true }),
    close: shop.close,
  };
}

const PID_FILE = { pidFile: 'service/run/shop.pid' };

deployTargetContract('folders and a signal', () => underTest(() => ({ ...PID_FILE, signal: 'SIGHUP' })));
deployTargetContract('folders, a signal and an address that tells the release', () =>
  underTest((shop) => ({ ...PID_FILE, versionUrl: `${shop.url}/version` })),
);
deployTargetContract('folders and a command', () => underTest((shop) => ({ reload: ['kill', '-HUP', String(shop.pid)] })));

for (const name of ['deploy.rollback', 'deploy.activate', 'deploy.freeze']) {
  actionContract(`${name} on folders and a signal`, async () => {
    const { target, deploy, close } = await underTest((shop) => ({ ...PID_FILE, versionUrl: `${shop.url}/version` }));
    await deploy('v1.1.0');
    const action = createActions({ targets: { shop: target }, switches: {}, pause: null as never })[name];
    if (action === undefined) throw new Error(`no action ${name}`);
    return {
      action,
      args: { target: 'shop', ...(name === 'deploy.freeze' ? {} : { to: 'v1.0.0' }) },
      ...(name === 'deploy.freeze' ? {} : { impossible: { target: 'shop', to: 'v9' } }),
      interfere: () => deploy('v1.1.0'),
      close,
    };
  });
}

deployTargetContract('the fake', async () => {
  const now = Date.now();
  const target = createVirtualDeployTarget({
    releases: [
      { ref: 'v1.0.0', createdAt: now - 1_000 },
      { ref: 'v1.1.0', createdAt: now },
    ],
    live: 'v1.0.0',
    now: () => Date.now(),
  });
  return {
    target,
    deploy: async (release) => target.deploy(release),
    begin: async (release) => target.begin(release),
    running: async () => (await target.current()).release,
    prune: async (release) => target.prune(release),
    close: async () => undefined,
  };
});
