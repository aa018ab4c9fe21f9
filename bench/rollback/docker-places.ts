// Two places of a real Docker Engine: one container, which ends before the next one starts, and a service of a Swarm, which starts the next one
// first. A program takes one of two ports, and a relay stands before both as a proxy does. It measures nothing.
import { type ChildProcess, execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { DOCKERD } from '../../scripts/lanes.ts';
import { findPart } from '../../scripts/parts.ts';
import { createDockerContainer, createDockerService } from '../../src/adapters/docker/index.ts';
import { createHttp } from '../../src/adapters/http/index.ts';
import { systemTime } from '../../src/adapters/system/index.ts';
import type { DeployTarget } from '../../src/ports/deploy-target.ts';
import { makeImage, WEB, webSetup } from '../../test/adapters/docker/target-world.ts';
import { bringUpLoopback, type DockerdPart, startDockerd } from '../../test/world/parts/dockerd.ts';
import { actionOf, BAD, OLD, type Place } from './place.ts';

const MS = 1_000_000;
/** What went before has its grace to end, and one of the two ports to give back. */
const GRACE_MS = 2_500;
const NAME = 'shop';
const CHECK = 'busybox pidof busybox';
const HEALTH = { Test: ['CMD-SHELL', CHECK], Interval: 250 * MS, Timeout: 2_000 * MS, Retries: 3 };
/** As `HEALTH`, for those who type it. */
const TYPED = ['--network', 'host', `--health-cmd=${CHECK}`, '--health-interval=250ms', '--health-timeout=2s', '--health-retries=3'];

interface Opened {
  readonly docker: DockerdPart;
  /** Docker's own program at this engine. */
  readonly typed: (...args: readonly string[]) => Promise<string>;
  /** A folder of this bench. */
  readonly dir: string;
  readonly place: (target: DeployTarget, rest: Pick<Place, 'forward' | 'own' | 'written'>) => Place;
}

async function openEngine(): Promise<Opened> {
  const dir = mkdtempSync(path.join(tmpdir(), 'belay-bench-docker-'));
  const docker = await startDockerd();
  await bringUpLoopback(docker);
  for (const release of [OLD, BAD])
    await makeImage(docker, `${NAME}:${release}`, { cmd: WEB, setup: webSetup(release), healthcheck: HEALTH });
  const socketPath = path.join(dir, 'relay.sock');
  const relay = docker.inside([process.execPath, '-e', RELAY, socketPath]);
  await saidOnce(relay);
  return {
    docker,
    dir,
    typed: programOf(docker, dir),
    place: (target, rest) => ({
      ...{ at: { socketPath, path: '/version' }, headers: {}, old: OLD, bad: BAD },
      action: actionOf('deploy.rollback', { targets: { [NAME]: target } }),
      args: { target: NAME, to: OLD },
      ...rest,
      stop: async () => {
        relay.kill('SIGKILL');
        await docker.stop();
        rmSync(dir, { recursive: true, force: true });
      },
    }),
  };
}

/** A connection goes to the first of the two ports that takes it. */
const RELAY = `
const { connect, createServer } = require('node:net');
const [first, second] = [8081, 8082];
createServer((from) => {
  const to = (port, otherwise) => {
    const on = connect(port, '127.0.0.1', () => { from.pipe(on).pipe(from); });
    on.once('error', otherwise);
    from.once('close', () => on.destroy());
  };
  from.on('error', () => undefined);
  to(first, () => to(second, () => from.destroy()));
}).listen(process.argv[1], () => process.stdout.write('ready'));
`;

function saidOnce(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`the relay ended with ${code}`)));
  });
}

function programOf(docker: DockerdPart, dir: string): Opened['typed'] {
  const program = findPart({ ...DOCKERD, commands: ['docker'] })?.file ?? 'docker';
  const env = { ...process.env, DOCKER_CONFIG: dir, DOCKER_BUILDKIT: '0' };
  return async (...args) => (await promisify(execFile)(program, ['--host', `unix://${docker.socket}`, ...args], { env })).stdout;
}

/** Everything that S3 writes for a way back by Docker: build, stop, run; with the `rm` that it forgets. */
export async function openContainer(): Promise<Place> {
  const { docker, dir, typed, place } = await openEngine();
  const run = (image: string): Promise<string> => typed('run', '--detach', '--name', NAME, ...TYPED, image);
  await run(`${NAME}:${OLD}`);
  const options = { container: NAME, repository: NAME, socket: docker.socket, overlap: true, healthyWithinMs: 30_000 };
  const target = createDockerContainer(options, { http: createHttp({ allow: [] }), time: systemTime });
  writeFileSync(path.join(dir, 'version'), `${OLD}\n`);
  writeFileSync(path.join(dir, 'Dockerfile'), `FROM belay-test:1\nCOPY version /www/version\nCMD ${JSON.stringify(WEB)}\n`);
  const replace = async (image: string): Promise<void> => {
    await typed('stop', NAME);
    await typed('rm', NAME);
    await run(image);
  };
  return place(target, {
    forward: () => replace(`${NAME}:${BAD}`),
    own: () => replace(`${NAME}:${OLD}`),
    written: async () => {
      await typed('build', '--no-cache', '--tag', 'rolled-back:latest', dir);
      await replace('rolled-back:latest');
    },
  });
}

export async function openSwarm(): Promise<Place> {
  const { docker, typed, place } = await openEngine();
  await typed('swarm', 'init', '--listen-addr', '127.0.0.1:2377', '--advertise-addr', '127.0.0.1');
  const order = [
    '--update-order',
    'start-first',
    '--rollback-order',
    'start-first',
    '--update-monitor',
    '50ms',
    '--rollback-monitor',
    '50ms',
  ];
  const grace = ['--stop-grace-period', '2s', '--restart-delay', '100ms', '--no-resolve-image'];
  await typed('service', 'create', '--name', NAME, ...TYPED, ...order, ...grace, `${NAME}:${OLD}`);
  const options = { service: NAME, repository: NAME, socket: docker.socket };
  return place(createDockerService(options, { http: createHttp({ allow: [] }), time: systemTime }), {
    forward: async () => {
      await sleep(GRACE_MS);
      await typed('service', 'update', '--no-resolve-image', '--image', `${NAME}:${BAD}`, NAME);
      await sleep(GRACE_MS);
    },
    own: () => typed('service', 'rollback', NAME).then(() => undefined),
  });
}
