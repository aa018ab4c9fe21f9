// A real HAProxy and a real Caddy for tests, each in front of two or three programs of this process that say who they are; and a client that
// counts what it was answered. It judges nothing.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as createTcp } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { CADDY, HAPROXY } from '../../../scripts/lanes.ts';
import { argvOf } from './unpacked.ts';

const READY_WITHIN_MS = 15_000;

export interface ProxyPart {
  readonly folder: string;
  /** Where requests go in. */
  readonly port: number;
  /** Of Caddy: its admin API. */
  readonly admin: string;
  /** Of HAProxy: its stats socket and its map. */
  readonly socket: string;
  readonly map: string;
  readonly addresses: Readonly<Record<string, string>>;
  /** Who answered, for an organization. */
  ask(org?: string): Promise<string>;
  /** How often each of them answered. */
  sample(times: number, org?: string): Promise<Readonly<Record<string, number>>>;
  /** Of HAProxy: a command over its socket, as a person would send it. */
  tell(command: string): Promise<string>;
  /** Ends it and starts it anew from what stands on disk. */
  restart(): Promise<void>;
  /** One of those behind it no longer answers. */
  silence(name: string): Promise<void>;
  stop(): Promise<void>;
}

const listening = (server: Server): Promise<number> =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));

async function freePort(): Promise<number> {
  const server = createTcp();
  const port = await new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface Setting {
  readonly folder: string;
  readonly port: number;
  readonly adminPort: number;
  readonly addresses: Readonly<Record<string, string>>;
}

async function start(names: readonly string[], launch: (o: Setting) => ChildProcess): Promise<ProxyPart> {
  const folder = mkdtempSync(path.join(tmpdir(), 'belay-proxy-'));
  const servers = new Map<string, Server>();
  const addresses: Record<string, string> = {};
  for (const name of names) {
    const server = createServer((_request, response) => response.end(name));
    servers.set(name, server);
    addresses[name] = `127.0.0.1:${await listening(server)}`;
  }
  const setting = { folder, port: await freePort(), adminPort: await freePort(), addresses };
  const ask = (org = ''): Promise<string> => askedAgain(setting.port, org);
  const [socket, map] = [path.join(folder, 'admin.sock'), path.join(folder, 'org.map')];
  let child = launch(setting);
  const ready = async (): Promise<void> => {
    for (const until = Date.now() + READY_WITHIN_MS; ; await wait(30)) {
      if (names.includes(await ask().catch(() => ''))) return;
      if (child.exitCode !== null || Date.now() > until) throw new Error(`the proxy does not answer (${child.exitCode})`);
    }
  };
  const end = async (): Promise<void> => {
    const gone =
      child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  };
  await ready();
  return {
    ...setting,
    admin: `http://127.0.0.1:${setting.adminPort}`,
    socket,
    map,
    ask,
    sample: async (times, org) => {
      const counts: Record<string, number> = {};
      for (let n = 0; n < times; n += 1) {
        const by = await ask(org);
        counts[by] = (counts[by] ?? 0) + 1;
      }
      return counts;
    },
    tell: (command) =>
      new Promise((resolve, reject) => {
        let said = '';
        const one = connect({ path: socket }, () => one.write(`${command}\n`));
        one.on('data', (bytes: Buffer) => {
          said += bytes.toString('utf8');
        });
        one.once('end', () => resolve(said.trim()));
        one.once('error', reject);
      }),
    restart: async () => {
      await end();
      rmSync(socket, { force: true });
      child = launch(setting);
      await ready();
    },
    silence: async (name) => {
      servers.get(name)?.closeAllConnections();
      await new Promise((resolve) => servers.get(name)?.close(resolve));
    },
    stop: async () => {
      await end();
      for (const server of servers.values()) {
        server.closeAllConnections();
        server.close();
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Where a proxy changes listeners (Caddy, at each change), what still waited at the old one is reset: a client asks again. */
async function askedAgain(port: number, org: string): Promise<string> {
  try {
    return await asked(port, org);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ECONNRESET')) throw error;
    return asked(port, org);
  }
}

function asked(port: number, org: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/', agent: false, timeout: 3_000, headers: { 'x-org': org } }, (answer) => {
      let text = '';
      answer.on('data', (part: Buffer) => {
        text += part.toString('utf8');
      });
      answer.once('end', () => (answer.statusCode === 200 ? resolve(text) : reject(new Error(String(answer.statusCode)))));
    }).once('error', reject);
  });
}

/** Backends `flow_stable` and `flow_next` by the map, and `web` with the servers `old` and `new` for those who say `x-org: web`. */
export function startHaproxy(): Promise<ProxyPart> {
  return start(['stable', 'next', 'old', 'new'], ({ folder, port, addresses: at }) => {
    const map = path.join(folder, 'org.map');
    if (!existsSync(map)) writeFileSync(map, '# who uses which flow\n');
    const state = path.join(folder, 'state');
    if (!existsSync(state)) writeFileSync(state, '1\n');
    const config = `
global
  stats socket ${folder}/admin.sock mode 600 level admin
  server-state-file ${state}
defaults
  mode http
  timeout connect 2s
  timeout client 5s
  timeout server 5s
  load-server-state-from-file global
frontend f
  bind 127.0.0.1:${port}
  use_backend web if { req.hdr(x-org) web }
  use_backend flow_%[req.hdr(x-org),map(${map},stable)]
backend web
  server old ${at['old']} weight 100 check inter 100 fall 1
  server new ${at['new']} weight 0 check inter 100 fall 1
backend flow_stable
  server one ${at['stable']}
backend flow_next
  server one ${at['next']}
`;
    const file = path.join(folder, 'haproxy.cfg');
    writeFileSync(file, config);
    const [program, ...args] = argvOf(HAPROXY);
    return spawn(program, [...args, '-f', file, '-db', '-q'], { stdio: 'ignore' });
  });
}

/** A handler `map` with the @id org-flows that chooses stable or next, and a `reverse_proxy` with the @id rollout for `x-org: web`. */
export function startCaddy(): Promise<ProxyPart> {
  return start(['stable', 'next', 'old', 'new'], ({ folder, port, adminPort, addresses: at }) => {
    const file = path.join(folder, 'caddy.json');
    const resumed = path.join(folder, 'caddy/autosave.json');
    const proxy = (name: string) => ({ handler: 'reverse_proxy', upstreams: [{ dial: at[name] }] });
    const routes = [
      {
        match: [{ header: { 'X-Org': ['web'] } }],
        terminal: true,
        handle: [{ '@id': 'rollout', ...proxy('old'), load_balancing: { selection_policy: { policy: 'round_robin' } } }],
      },
      {
        handle: [
          {
            '@id': 'org-flows',
            handler: 'map',
            source: '{http.request.header.X-Org}',
            destinations: ['{flow}'],
            mappings: [{ input: 'someone', outputs: ['next'] }],
            defaults: ['stable'],
          },
        ],
      },
      { match: [{ vars: { '{flow}': ['next'] } }], terminal: true, handle: [proxy('next')] },
      { handle: [proxy('stable')] },
    ];
    const listen = [`127.0.0.1:${port}`];
    const config = {
      admin: { listen: `127.0.0.1:${adminPort}` },
      apps: { http: { servers: { s: { listen, automatic_https: { disable: true }, routes } } } },
    };
    writeFileSync(file, JSON.stringify(config));
    const [program, ...args] = argvOf(CADDY);
    const env = { ...process.env, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder, HOME: folder };
    return spawn(program, [...args, 'run', '--config', existsSync(resumed) ? resumed : file], { stdio: 'ignore', env });
  });
}
