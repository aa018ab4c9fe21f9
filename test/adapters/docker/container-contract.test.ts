// The contracts of targets and of actions on a plain container of a real Docker Engine.
import { afterAll, beforeAll, describe } from 'vitest';
import { createDockerContainer } from '../../../src/adapters/docker/index.ts';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import { createActions } from '../../../src/flows/actions/index.ts';
import { actionContract } from '../../contracts/action.ts';
import { type DeployTargetUnderTest, deployTargetContract } from '../../contracts/deploy-target.ts';
import { type DockerdPart, startDockerd, whyNoDockerd } from '../../world/parts/dockerd.ts';
import { inspect, makeImage, type ReleaseImage, runImage } from './target-world.ts';

const why = whyNoDockerd();

describe.skipIf(why !== null)(`a real engine${why === null ? '' : `: SKIPPED, ${why}`}`, () => {
  let docker: DockerdPart;
  let made = 0;
  beforeAll(async () => {
    docker = await startDockerd();
  }, 60_000);
  afterAll(() => docker?.stop());

  async function underTest(image: ReleaseImage = {}): Promise<DeployTargetUnderTest> {
    made += 1;
    const name = `crm-${made}`;
    for (const tag of ['v1.0.0', 'v1.1.0']) await makeImage(docker, `${name}:${tag}`, { env: [`V=${tag}`], ...image });
    const deploy = (release: string) => runImage(docker, name, `${name}:${release}`);
    await deploy('v1.0.0');
    return {
      target: createDockerContainer(
        { container: name, repository: name, socket: docker.socket, overlap: true, healthyWithinMs: 20_000 },
        { http: createHttp({ allow: [] }), time: systemTime },
      ),
      deploy,
      running: async () => (await inspect(docker, name))?.Config.Image.split(':')[1] ?? 'none',
      prune: async (release) => void (await docker.ask('DELETE', `/images/${name}:${release}?force=1`)),
      close: async () => {
        for (const end of ['', '-belay-next', '-belay-before', '-belay-failed'])
          await docker.ask('DELETE', `/containers/${name}${end}?force=1`);
      },
    };
  }

  deployTargetContract('a plain container', () => underTest());

  for (const name of ['deploy.rollback', 'deploy.activate']) {
    actionContract(`${name} on a plain container`, async () => {
      const { target, deploy, close } = await underTest();
      await deploy('v1.1.0');
      const action = createActions({ targets: { shop: target }, switches: {}, pause: null as never })[name];
      if (action === undefined) throw new Error(`no action ${name}`);
      return {
        action,
        args: { target: 'shop', to: 'v1.0.0' },
        impossible: { target: 'shop', to: 'v9' },
        interfere: () => deploy('v1.1.0'),
        close,
      };
    });
  }
});
