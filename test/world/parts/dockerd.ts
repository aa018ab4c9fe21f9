// A real Docker Engine for tests: in namespaces of its own (network, mounts, processes), so that killing its first process leaves nothing
// of it behind. Containers have no network, and there is one image, made of busybox alone. It judges nothing.
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, symlinkSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { BUSYBOX, DOCKERD } from '../../../scripts/lanes.ts';
import { findPart } from '../../../scripts/parts.ts';

const IMAGE = 'belay-test:1';
const READY_WITHIN_MS = 30_000;

export interface DockerdPart {
  readonly socket: string;
  /** Runs a program in its network. */
  inside(argv: readonly [string, ...string[]]): ChildProcess;
  /** Its own API, as a person would use it. */
  ask(method: string, path: string, body?: object): Promise<{ readonly status: number; readonly json: unknown }>;
  /** What it noted of containers from an instant until now: `start`, `die`, `rename`, in their order. */
  noted(sinceMs: number): Promise<readonly DockerEvent[]>;
  /** A container of busybox; `argv` is what it runs. */
  run(name: string, argv: readonly string[], more?: object): Promise<void>;
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface DockerEvent {
  readonly action: string;
  readonly id: string;
  readonly name: string;
}

/** Why it cannot run here; null when it can. */
export function whyNoDockerd(): string | null {
  if (process.getuid?.() !== 0) return 'this user is not root';
  const missing = [DOCKERD, BUSYBOX].find((part) => findPart(part) === null);
  if (missing !== undefined) return `there is no ${missing.name} (Debian: ${missing.packages.join(' ')})`;
  return existsSync('/usr/bin/unshare') ? null : 'there is no unshare';
}

/** As `whyNoDockerd`, for those that listen on addresses: the network needs its loopback device. */
export function whyNoNetwork(): string | null {
  const programs = ['/usr/bin/nsenter', '/sbin/ip'];
  return whyNoDockerd() ?? programs.filter((one) => !existsSync(one)).map((one) => `there is no ${one}`)[0] ?? null;
}

export async function bringUpLoopback(docker: DockerdPart): Promise<void> {
  const code = await new Promise((resolve) => docker.inside(['/sbin/ip', 'link', 'set', 'lo', 'up']).once('exit', resolve));
  if (code !== 0) throw new Error(`the loopback device did not come up: ${String(code)}`);
}

export async function startDockerd(): Promise<DockerdPart> {
  const dockerd = findPart(DOCKERD)?.file ?? '';
  const dir = mkdtempSync(path.join(tmpdir(), 'belay-docker-'));
  const socket = path.join(dir, 'd.sock');
  const group = path.basename(dir);
  let child = launch(dockerd, dir, { socket, group });
  const lastResort = (): void => void child.kill('SIGKILL');
  process.on('exit', lastResort);
  const kill = async (): Promise<void> => {
    const gone = ended(child);
    child.kill('SIGKILL');
    await gone;
    await untilNobodyAnswers(socket);
  };
  const ask: DockerdPart['ask'] = (method, where, body) => asked(socket, { method, where, body });
  await untilReady(socket, child);
  await importImage(dir, dockerd, socket);
  return {
    socket,
    inside: (argv) =>
      spawn('/usr/bin/nsenter', [`--net=/proc/${child.pid}/ns/net`, '--', ...argv], { stdio: ['ignore', 'pipe', 'inherit'] }),
    ask,
    noted: async (sinceMs) => {
      const [since, until] = [sinceMs, Date.now()].map((ms) => (ms / 1_000).toFixed(3));
      const filters = encodeURIComponent(JSON.stringify({ type: ['container'] }));
      const { json } = await ask('GET', `/events?since=${since}&until=${until}&filters=${filters}`);
      return (json as readonly EventJson[]).map(({ Action, Actor }) => ({ action: Action, id: Actor.ID, name: Actor.Attributes.name }));
    },
    run: async (name, argv, more = {}) => {
      const made = await ask('POST', `/containers/create?name=${name}`, withoutNetwork({ Image: IMAGE, Cmd: argv, ...more }));
      if (made.status !== 201) throw new Error(`no container ${name}: ${JSON.stringify(made.json)}`);
      const begun = await ask('POST', `/containers/${name}/start`);
      if (begun.status !== 204) throw new Error(`${name} did not start: ${JSON.stringify(begun.json)}`);
    },
    kill,
    restart: async () => {
      // In its new namespace those numbers belong to others, and it would wait for them.
      for (const file of ['d.pid', 'exec/containerd/containerd.pid']) rmSync(path.join(dir, file), { force: true });
      child = launch(dockerd, dir, { socket, group });
      await untilReady(socket, child);
    },
    stop: async () => {
      process.off('exit', lastResort);
      await kill();
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
      removeControlGroups(group);
    },
  };
}

interface EventJson {
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: { readonly name: string } };
}

const withoutNetwork = (config: Readonly<Record<string, unknown>>): object => ({
  ...config,
  HostConfig: { ...(config['HostConfig'] as object | undefined), NetworkMode: 'none' },
});

function launch(dockerd: string, dir: string, { socket, group }: { readonly socket: string; readonly group: string }): ChildProcess {
  const bins = [path.dirname(dockerd), path.join(path.dirname(path.dirname(dockerd)), 'bin'), process.env['PATH'] ?? ''];
  // With --kill-child the end of unshare is the end of all processes and mounts inside.
  const args = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', dockerd, '--host', `unix://${socket}`];
  const places = ['--data-root', `${dir}/data`, '--exec-root', `${dir}/exec`, '--pidfile', `${dir}/d.pid`, '--cgroup-parent', group];
  const noNetwork = ['--bridge', 'none', '--iptables=false', '--ip-forward=false', '--ip-masq=false'];
  return spawn('/usr/bin/unshare', [...args, ...places, ...noNetwork], { env: { ...process.env, PATH: bins.join(':') }, stdio: 'ignore' });
}

async function untilReady(socket: string, child: ChildProcess): Promise<void> {
  for (const until = Date.now() + READY_WITHIN_MS; ; ) {
    const answer = await asked(socket, { method: 'GET', where: '/containers/json' }).catch(() => null);
    if (answer?.status === 200) return;
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('dockerd ended before it was ready');
    if (Date.now() > until) throw new Error('dockerd does not answer');
    await wait(50);
  }
}

/** The engine itself ends a moment after the one who started it. */
async function untilNobodyAnswers(socket: string): Promise<void> {
  for (const until = Date.now() + READY_WITHIN_MS; Date.now() < until; await wait(20)) {
    const trouble = await asked(socket, { method: 'GET', where: '/_ping' }).catch((error: NodeJS.ErrnoException) => error.code);
    if (trouble === 'ECONNREFUSED' || trouble === 'ENOENT') return;
  }
  throw new Error('dockerd still answers');
}

async function importImage(dir: string, dockerd: string, socket: string): Promise<void> {
  const root = path.join(dir, 'image');
  mkdirSync(path.join(root, 'bin'), { recursive: true });
  cpSync(findPart(BUSYBOX)?.file ?? '', path.join(root, 'bin/busybox'), { dereference: true });
  symlinkSync('busybox', path.join(root, 'bin/sh'));
  const tar = spawn('tar', ['-C', root, '-c', '.'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const headers = { 'content-type': 'application/x-tar' };
  const where = '/images/create?fromSrc=-&repo=belay-test&tag=1';
  await new Promise<void>((resolve, reject) => {
    const sending = request({ socketPath: socket, method: 'POST', path: where, headers }, (answer) => {
      answer.resume().once('end', () => (answer.statusCode === 200 ? resolve() : reject(new Error(`${dockerd} took no image`))));
    });
    sending.once('error', reject);
    tar.stdout.pipe(sending);
  });
}

function asked(
  socket: string,
  { method, where, body }: { readonly method: string; readonly where: string; readonly body?: object | undefined },
): Promise<{ readonly status: number; readonly json: unknown }> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const sending = request({ socketPath: socket, method, path: where, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.once('error', reject);
      answer.once('end', () => {
        const text = Buffer.concat(chunks).toString();
        const isJson = answer.headers['content-type']?.includes('json') === true && text !== '';
        const json = (): unknown => (where.startsWith('/events?') ? linesOf(text) : JSON.parse(text));
        resolve({ status: answer.statusCode ?? 0, json: isJson ? json() : null });
      });
    });
    sending.once('error', reject);
    sending.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const linesOf = (text: string): readonly unknown[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

/** They are the one thing that no namespace takes along. */
function removeControlGroups(group: string): void {
  const root = '/sys/fs/cgroup';
  const tops = existsSync(root) ? [root, ...readdirSync(root).map((one) => path.join(root, one))] : [];
  for (const top of tops.map((one) => path.join(one, group)).filter((one) => existsSync(one))) {
    try {
      for (const inner of readdirSync(top, { withFileTypes: true })) if (inner.isDirectory()) rmdirSync(path.join(top, inner.name));
      rmdirSync(top);
    } catch (error) {
      // Busy for a moment longer: an empty group costs nothing.
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    }
  }
}
