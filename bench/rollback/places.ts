// Real places in which a release is put back: programs under PM2 in folders, and releases side by side behind HAProxy and Caddy. Each says how
// Belay does it, how its own tool does it, and what the written procedure types. It measures nothing.

import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { CADDY, HAPROXY } from '../../scripts/lanes.ts';
import { createFileWriter } from '../../src/adapters/file-writer/index.ts';
import { createHttp } from '../../src/adapters/http/index.ts';
import { createPm2Supervisor } from '../../src/adapters/pm2/index.ts';
import { createProcesses } from '../../src/adapters/process/index.ts';
import { createCaddyTraffic, createHaproxyTraffic } from '../../src/adapters/proxies/index.ts';
import { createReleaseDirectory } from '../../src/adapters/release-directory/index.ts';
import { systemTime } from '../../src/adapters/system/index.ts';
import type { TrafficSplit } from '../../src/ports/traffic-split.ts';
import { whyNoNetwork } from '../../test/world/parts/dockerd.ts';
import { createPm2, whyNoPm2 } from '../../test/world/parts/pm2.ts';
import { type ProxyPart, startCaddy, startHaproxy } from '../../test/world/parts/proxies.ts';
import { whyNot } from '../../test/world/parts/unpacked.ts';
import { openContainer, openSwarm } from './docker-places.ts';
import { actionOf, BAD, OLD, type Place, type PlaceKind } from './place.ts';

export const PLACES: readonly PlaceKind[] = [
  { name: 'release directory, PM2 cluster', whyNot: whyNoPm2, open: openPm2 },
  { name: "Docker, one container that has its host's network", whyNot: whyNoNetwork, open: openContainer, gap: true },
  { name: 'Docker Swarm, start-first', whyNot: whyNoNetwork, open: openSwarm },
  { name: 'HAProxy', whyNot: () => whyNot(HAPROXY), open: openHaproxy },
  { name: 'Caddy', whyNot: () => whyNot(CADDY), open: openCaddy },
];

/** Real ones that this bench does not open. */
export const NOT_MEASURED: readonly string[] = ['Kubernetes (its control plane runs no pods here)'];

async function openPm2(): Promise<Place> {
  const pm2 = createPm2();
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'belay-bench-pm2-')));
  const port = await freePort();
  const current = path.join(root, 'current');
  for (const [index, release] of [OLD, BAD].entries()) writeRelease({ root, release, port, age: 2 - index });
  const point = (release: string): void => {
    symlinkSync(path.join('releases', release), path.join(root, 'next'));
    renameSync(path.join(root, 'next'), current);
  };
  const put = async (release: string): Promise<void> => {
    point(release);
    pm2.run('startOrReload', path.join(current, 'eco.config.js'), '--update-env');
  };
  point(BAD);
  pm2.run('start', path.join(current, 'eco.config.js'));
  const processes = createProcesses();
  const options = { root, apps: ['shop'], config: 'eco.config.js', command: pm2.command, home: pm2.home, timeoutMs: 60_000 };
  const supervisor = createPm2Supervisor(options, { processes, baseDir: root });
  const target = createReleaseDirectory({ root, requires: ['eco.config.js'] }, { time: systemTime, processes, baseDir: root, supervisor });
  return {
    ...{ at: { host: '127.0.0.1', port, path: '/' }, headers: {}, old: OLD, bad: BAD },
    action: actionOf('deploy.rollback', { targets: { shop: target } }),
    args: { target: 'shop', to: OLD },
    forward: () => put(BAD),
    own: () => put(OLD),
    written: async () => {
      // As the checkout, the installation and the restart of the procedure, in a folder of their own, so that nothing else is touched.
      const folder = path.join(root, 'releases', 'checkout');
      rmSync(folder, { recursive: true, force: true });
      cpSync(path.join(root, 'releases', OLD), folder, { recursive: true });
      rmSync(path.join(folder, 'node_modules'), { recursive: true, force: true });
      execFileSync('npm', ['ci', '--offline', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'ignore' });
      point('checkout');
      pm2.run('restart', 'shop', '--update-env');
    },
    stop: async () => {
      pm2.stop();
      rmSync(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

interface Written {
  readonly root: string;
  readonly release: string;
  readonly port: number;
  readonly age: number;
}

/** A program that says when it is ready, and finishes what it has begun before it ends, as PM2's own guide asks for. */
function writeRelease({ root, release, port, age }: Written): void {
  const folder = path.join(root, 'releases', release);
  mkdirSync(path.join(folder, 'lib'), { recursive: true });
  const app = {
    ...{ name: 'shop', cwd: path.join(root, 'current'), script: './server.js', instances: 2, exec_mode: 'cluster' },
    ...{ wait_ready: true, listen_timeout: 20_000, kill_timeout: 5_000, min_uptime: 60_000 },
  };
  const server = `const server = require('node:http').createServer((request, response) => response.end('${release}'));
server.listen(${port}, '127.0.0.1', () => process.send('ready'));
process.on('SIGINT', () => server.close(() => process.exit(0)));
`;
  const manifest = { name: 'shop', version: release.slice(1), dependencies: { lib: 'file:./lib' } };
  const lock = {
    ...{ name: manifest.name, version: manifest.version, lockfileVersion: 3, requires: true },
    packages: { '': manifest, lib: { version: '1.0.0' }, 'node_modules/lib': { resolved: 'lib', link: true } },
  };
  const files = {
    'server.js': server,
    'eco.config.js': `module.exports = { apps: [${JSON.stringify(app)}] };\n`,
    'package.json': JSON.stringify(manifest),
    'package-lock.json': JSON.stringify(lock),
    'lib/package.json': JSON.stringify({ name: 'lib', version: '1.0.0' }),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  const at = new Date(Date.now() - age * 60_000);
  utimesSync(folder, at, at);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function openHaproxy(): Promise<Place> {
  const proxy = await startHaproxy();
  const by = async (old: number, next: number): Promise<void> => {
    await proxy.tell(`set server web/old weight ${old}`);
    await proxy.tell(`set server web/new weight ${next}`);
  };
  const stateFile = path.join(proxy.folder, 'state');
  const traffic = createHaproxyTraffic(
    { socket: proxy.socket, backend: 'web', servers: ['old', 'new'], stateFile },
    { baseDir: '/', files: createFileWriter() },
  );
  return besideOneAnother(proxy, traffic, by);
}

async function openCaddy(): Promise<Place> {
  const proxy = await startCaddy();
  const upstreams = { old: proxy.addresses['old'] ?? '', new: proxy.addresses['new'] ?? '' };
  const by = async (old: number): Promise<void> => {
    const body = JSON.stringify([{ dial: old > 0 ? upstreams.old : upstreams.new }]);
    const asked = ['-sS', '--fail', '-X', 'PATCH', '-H', 'content-type: application/json', '-d', body];
    await promisify(execFile)('curl', [...asked, `${proxy.admin}/id/rollout/upstreams`]);
  };
  const http = createHttp({ allow: ['127.0.0.1'] });
  return besideOneAnother(proxy, createCaddyTraffic({ url: proxy.admin, handler: 'rollout', upstreams }, { http }), by);
}

function besideOneAnother(proxy: ProxyPart, traffic: TrafficSplit, by: (old: number, next: number) => Promise<void>): Place {
  return {
    ...{ at: { host: '127.0.0.1', port: proxy.port, path: '/' }, headers: { 'x-org': 'web' }, old: 'old', bad: 'new' },
    action: actionOf('deploy.traffic', { proxies: { web: traffic } }),
    args: { proxy: 'web', to: 'old', share: '100%' },
    forward: () => by(0, 100),
    own: () => by(100, 0),
    stop: () => proxy.stop(),
  };
}
