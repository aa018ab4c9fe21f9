// The backend of examples/crm-backend as it really runs: releases as folders, a real PM2 over them, a shared `.env` and log, packages, a smoke
// suite and migrations. The new release answers 500. It shows its key wherever programs do, and judges nothing.
import { chmodSync, mkdirSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Pm2Part } from './pm2.ts';

const MODULES = path.join(import.meta.dirname, '../../../node_modules');
export const GOOD = 'v0.9.9';
export const BAD = 'v1.0.0-rc1';
export const KEY = 'jwt-access-key-7f3a91';

/** What it answers: by its folder, its `.env`, and the prefix of Belay's challenge. */
const SERVER = `
const http = require('node:http'), fs = require('node:fs'), path = require('node:path'), crypto = require('node:crypto');
const { parseEnv } = require('node:util');
const root = path.join(__dirname, '../..');
const release = path.basename(__dirname);
const load = () => parseEnv(fs.readFileSync(path.join(root, 'shared/.env'), 'utf8'));
let env = load();
let seen = 0;
process.on('SIGHUP', () => { env = load(); });
const reply = (url, body) => {
  if (url === '/version') return [200, JSON.stringify({ release })];
  if (url === '/health') return release === '${BAD}' && env.FIXED !== 'yes' ? [500, 'INTERNAL_SERVER_ERROR'] : [200, 'ok'];
  if (url === '/webhook/v1') return env.LEGACY_WEBHOOKS === 'on' ? [200, 'taken'] : [410, 'gone'];
  if (url === '/admin') return env.ENABLE_TEST_BYPASS === 'true' ? [200, 'let in'] : [401, ''];
  if (url === '/limited') return [++seen > Number(env.RATE_LIMIT) ? 429 : 200, ''];
  const hmac = crypto.createHmac('sha256', env.JWT_ACCESS_SECRET).update('belay-secret-check:v1:' + JSON.parse(body).challenge).digest('hex');
  return [200, JSON.stringify({ hmac })];
};
http.createServer((request, response) => {
  let body = '';
  request.on('data', (piece) => { body += piece; });
  request.on('end', () => {
    const [status, text] = reply(request.url, body);
    response.writeHead(status, { 'content-type': 'application/json' }).end(text);
  });
}).listen(Number(process.env.PORT), '127.0.0.1', () => {
  fs.writeFileSync(path.join(root, 'run/backend.pid'), String(process.pid));
  if (process.send) process.send('ready');
});
`;
/** What it says holds the key, as careless suites do. */
const SMOKE = `
const { readFileSync } = require('node:fs');
console.log('# with ' + readFileSync('../../shared/.env', 'utf8').split('\\n').find((line) => line.startsWith('JWT')));
fetch('http://127.0.0.1:' + readFileSync('../../shared/port', 'utf8') + '/health').then(({ status }) => {
  const ok = status === 200 && !require('node:fs').existsSync('../../shared/smoke-fails');
  console.log('1..1\\n' + (ok ? 'ok 1 - health' : 'not ok 1 - health'));
  process.exitCode = ok ? 0 : 1;
});
`;
/** So do installers, and this one without a word that would give it away. */
const INSTALL = `console.log('installed for ' + require('node:fs').readFileSync('../../shared/.env', 'utf8').split('ACCESS_SECRET=')[1].trim());`;
const packageOf = (version: string): string =>
  JSON.stringify({
    ...{ name: 'crm-backend', version, dependencies: { tax: 'file:tax' } },
    scripts: { test: 'node smoke.cjs', postinstall: 'node install.cjs' },
  });
const LOCK = (version: string): string =>
  JSON.stringify({
    ...{ name: 'crm-backend', version, lockfileVersion: 3, requires: true },
    packages: {
      '': { name: 'crm-backend', version, hasInstallScript: true, dependencies: { tax: 'file:tax' } },
      'node_modules/tax': { resolved: 'tax', link: true },
      tax: { version: '1.0.0' },
    },
  });
const CONTACTS = '-- Up Migration\ncreate table contact (id int primary key, name text);\n-- Down Migration\ndrop table contact;\n';
const COMPANIES = '-- Up Migration\ncreate table company (id int primary key);\n-- Down Migration\ndrop table company;\n';
/** What the new release brings, and how it is taken back. */
export const REVERSIBLE =
  '-- Up Migration\ncreate index contact_by_name on contact (name);\n-- Down Migration\ndrop index contact_by_name;\n';
export const ONE_WAY = '-- Up Migration\nalter table contact drop column name;\n';

export interface CrmBackend {
  readonly url: string;
  /** What its process runs, by the system. */
  running(): string;
  pid(): number;
  env(): string;
  get(where: string): Promise<number>;
  /** Its smoke test fails whatever the release. */
  failSmoke(fails: boolean): void;
}

interface CrmOptions {
  readonly pm2: Pm2Part;
  readonly port: number;
  /** What the new release does to the database. */
  readonly migration: string;
  /** Lines of the `.env` besides. */
  readonly settings?: string;
  /** The release before ends at once. */
  readonly goodIsBroken?: boolean;
}

/** In the folder of an example, the new release live. */
export function startCrmBackend(folder: string, { pm2, port, migration, settings = '', goodIsBroken }: CrmOptions): CrmBackend {
  const root = path.join(folder, 'backend');
  const write = (name: string, text: string): void => {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  };
  write('shared/.env', `PORT=${port}\nRATE_LIMIT=100\nLEGACY_WEBHOOKS=off\nJWT_ACCESS_SECRET=${KEY}\n${settings}`);
  write('shared/port', String(port));
  write('run/README', 'numbers of processes');
  for (const [n, release] of [GOOD, BAD].entries()) writeRelease({ root, port, release, n, migration, write });
  if (goodIsBroken === true) breakRelease(path.join(root, 'releases', GOOD));
  symlinkSync(path.join('releases', BAD), path.join(root, 'next'));
  renameSync(path.join(root, 'next'), path.join(root, 'current'));
  writeCommand(path.join(folder, 'bin'), pm2);
  pm2.run('start', path.join(root, 'current/eco.config.js'));
  const pid = (): number => Number(readFileSync(path.join(root, 'run/backend.pid'), 'utf8'));
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    pid,
    running: () => path.basename(readlinkSync(`/proc/${pid()}/cwd`)),
    env: () => readFileSync(path.join(root, 'shared/.env'), 'utf8'),
    get: async (where) => (await fetch(url + where)).status,
    failSmoke: (fails) => (fails ? write('shared/smoke-fails', '') : rmSync(path.join(root, 'shared/smoke-fails'), { force: true })),
  };
}

/** It ends at once, and PM2 does not wait to hear that it is ready. */
function breakRelease(folder: string): void {
  writeFileSync(path.join(folder, 'server.js'), 'process.exit(3);');
  const config = path.join(folder, 'eco.config.js');
  writeFileSync(config, readFileSync(config, 'utf8').replace('"wait_ready":true', '"wait_ready":false'));
}

/** PM2's command line, which takes a third of a second to load: its list, asked for all the time, comes from its daemon itself. */
function writeCommand(folder: string, { command, home }: Pm2Part): void {
  const [node = '', program = ''] = command;
  mkdirSync(folder);
  writeFileSync(
    path.join(folder, 'list.cjs'),
    `const load = require('node:module').createRequire(${JSON.stringify(program)});
const socket = load('../modules/pm2-axon').socket('req');
const client = new (load('../modules/pm2-axon-rpc').Client)(socket);
socket.on('connect', () => client.call('getMonitorData', {}, (error, list) => {
  console.log(JSON.stringify(list));
  process.exit(error ? 1 : 0);
}));
socket.connect(${JSON.stringify(path.join(home, 'rpc.sock'))});
`,
  );
  writeFileSync(
    path.join(folder, 'pm2'),
    `#!/bin/sh\nif [ "$1" = jlist ]; then exec '${node}' '${folder}/list.cjs'; fi\nexec '${node}' '${program}' "$@"\n`,
  );
  chmodSync(path.join(folder, 'pm2'), 0o755);
}

interface Written {
  readonly root: string;
  readonly port: number;
  readonly release: string;
  readonly n: number;
  readonly migration: string;
  readonly write: (name: string, text: string) => void;
}

function writeRelease({ root, port, release, n, migration, write }: Written): void {
  const put = (name: string, text: string): void => write(`releases/${release}/${name}`, text);
  const app = { name: 'crm-backend', cwd: path.join(root, 'current'), script: './server.js', env: { PORT: String(port) } };
  // However slow this machine is: what ends within a minute did not last, and what is not ready within one does not come up.
  const patience = { wait_ready: true, listen_timeout: 60_000, kill_timeout: 2_000, min_uptime: 60_000, max_restarts: 2 };
  put('server.js', SERVER);
  put('smoke.cjs', SMOKE);
  put('install.cjs', INSTALL);
  put('eco.config.js', `module.exports = { apps: [${JSON.stringify({ ...app, ...patience })}] };\n`);
  put('package.json', packageOf(release.slice(1)));
  put('package-lock.json', LOCK(release.slice(1)));
  put('tax/package.json', JSON.stringify({ name: 'tax', version: '1.0.0' }));
  put('.npmrc', 'audit=false\nfund=false\noffline=true\nupdate-notifier=false\nforeground-scripts=true\n');
  put('migrations/1_contatos.sql', CONTACTS);
  put('migrations/2_empresas.sql', COMPANIES);
  if (release === BAD) put('migrations/3_indice.sql', migration);
  const tool = `node_modules/.bin/node-pg-migrate`;
  put(tool, `#!/bin/sh\nexec '${process.execPath}' '${MODULES}/node-pg-migrate/bin/node-pg-migrate.js' "$@"\n`);
  chmodSync(path.join(root, 'releases', release, tool), 0o755);
  const at = new Date(Date.now() - (2 - n) * 60_000);
  utimesSync(path.join(root, 'releases', release), at, at);
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
