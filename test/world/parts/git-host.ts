// A real host of git repositories for tests: over http by git's own http-backend, over ssh by sshd, with a hook that deploys what is pushed
// to a small service. Somebody who is not Belay works in a clone of it. It judges nothing.
import { execFile, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { SSHD } from '../../../scripts/lanes.ts';
import { findPart } from '../../../scripts/parts.ts';

const run = promisify(execFile);

export interface GitHost {
  readonly dir: string;
  /** The address of the repository over http. */
  readonly url: string;
  /** The bare repository. */
  readonly repository: string;
  /** What the service answers at /version, and what it serves. */
  readonly service: string;
  /** Names of the two releases by their commits. */
  readonly commits: Readonly<Record<string, string>>;
  /** git in the clone of somebody else. */
  git(...args: readonly string[]): Promise<string>;
  /** git in the bare repository. */
  bare(...args: readonly string[]): Promise<string>;
  /** Somebody else pushes a release: a new commit, unless it never was there. */
  deploy(release: string): Promise<void>;
  /** Somebody else commits files and pushes them. */
  commit(message: string, files: Readonly<Record<string, string>>): Promise<string>;
  head(): Promise<string>;
  /** What the running service serves. */
  running(): Promise<string>;
  /** A hook of the repository, as a shell script. */
  hook(name: string, script: string): void;
  /** Every request so far: method, address and who asked. */
  readonly requests: readonly string[];
  /** What to do with a request instead of answering it; false: answer it. */
  misbehave(how: ((request: IncomingMessage, response: ServerResponse) => boolean) | null): void;
  close(): Promise<void>;
}

export interface GitHostOptions {
  /** Who may come; anybody, if not given. */
  readonly token?: string;
  /** Seconds from a push to its being served. */
  readonly buildSeconds?: number;
  /** The server can leave out contents. */
  readonly filter?: boolean;
}

const IDENTITY = {
  GIT_AUTHOR_NAME: 'Somebody',
  GIT_AUTHOR_EMAIL: 'somebody@example.test',
  GIT_COMMITTER_NAME: 'Somebody',
  GIT_COMMITTER_EMAIL: 'somebody@example.test',
};

export async function startGitHost({ token, buildSeconds = 0, filter = true }: GitHostOptions = {}): Promise<GitHost> {
  const dir = mkdtempSync(path.join(tmpdir(), 'belay-git-host-'));
  const [repository, clone, live] = [path.join(dir, 'app.git'), path.join(dir, 'clone'), path.join(dir, 'live')];
  const env = { PATH: process.env['PATH'] ?? '', HOME: dir, GIT_CONFIG_NOSYSTEM: '1', ...IDENTITY };
  const git = async (...args: readonly string[]) => (await run('git', [...args], { cwd: clone, env })).stdout.trim();
  const bare = async (...args: readonly string[]) => (await run('git', ['-C', repository, ...args], { env })).stdout.trim();
  mkdirSync(clone);
  mkdirSync(live);
  await run('git', ['init', '-q', '--bare', '-b', 'main', repository], { env });
  for (const [key, value] of [
    ['http.receivepack', 'true'],
    ['uploadpack.allowFilter', String(filter)],
    ['uploadpack.allowAnySHA1InWant', String(filter)],
  ] as const)
    await bare('config', key, value);
  const hook = (name: string, script: string): void => {
    writeFileSync(path.join(repository, 'hooks', name), `#!/bin/sh\n${script}\n`);
    chmodSync(path.join(repository, 'hooks', name), 0o755);
  };
  // As the hosts of such services do it: what was pushed is unpacked beside, and served when it is whole.
  const deployed = `rm -rf "${live}/next" && mkdir "${live}/next" && git archive main | tar -x -C "${live}/next" && git rev-parse main > "${live}/next/.commit" && rm -rf "${live}/now" && mv "${live}/next" "${live}/now"`;
  hook('post-receive', buildSeconds === 0 ? deployed : `(sleep ${buildSeconds}; ${deployed}) </dev/null >/dev/null 2>&1 &`);
  const requests: string[] = [];
  let odd: ((request: IncomingMessage, response: ServerResponse) => boolean) | null = null;
  const bridge = createServer((request, response) => {
    requests.push(`${request.method} ${request.url} ${request.headers.authorization ?? ''}`);
    if (odd?.(request, response) === true) return;
    if (token !== undefined && request.headers.authorization !== `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`)
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
    else backend(dir, request, response);
  });
  const service = createServer((request, response) => {
    const file = path.join(live, 'now', request.url === '/version' ? '.commit' : 'app.txt');
    if (!existsSync(file)) return void response.writeHead(503).end();
    const text = readFileSync(file, 'utf8').trim();
    response.end(request.url === '/version' ? JSON.stringify({ commit: text }) : text);
  });
  const ports = await Promise.all([bridge, service].map(listen));
  const head = () => bare('rev-parse', 'main');
  const put = async (files: Readonly<Record<string, string>>, message: string) => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(clone, name)), { recursive: true });
      writeFileSync(path.join(clone, name), text);
    }
    await git('add', '-A');
    await git('commit', '-q', '--allow-empty', '-m', message);
    return git('rev-parse', 'HEAD');
  };
  await git('init', '-q', '-b', 'main');
  await git('remote', 'add', 'origin', repository);
  const old = await put({ 'app.txt': 'v1.0.0\n', 'lib/shared.txt': 'one\ntwo\nthree\n' }, 'The first');
  await git('tag', 'v1.0.0');
  await git('push', '-q', 'origin', 'main', 'v1.0.0');
  const next = await put({ 'app.txt': 'v1.1.0\n' }, 'The second');
  await git('tag', '-a', '-m', 'second', 'v1.1.0');
  const commits = { 'v1.0.0': old, 'v1.1.0': next };
  const follow = async () => {
    await git('fetch', '-q', 'origin', 'main');
    await git('reset', '-q', '--hard', 'FETCH_HEAD');
  };
  return {
    dir,
    repository,
    url: `http://127.0.0.1:${ports[0]}/app.git`,
    service: `http://127.0.0.1:${ports[1]}`,
    commits,
    requests,
    git,
    bare,
    head,
    hook,
    misbehave: (how) => {
      odd = how;
    },
    deploy: async (release) => {
      if (release === 'v1.1.0' && (await head()) === old)
        return void (await git('push', '-q', 'origin', `${next}:refs/heads/main`, 'v1.1.0'));
      await follow();
      await git('read-tree', '-u', '--reset', `${commits[release as keyof typeof commits]}^{tree}`);
      await git('commit', '-q', '--allow-empty', '-m', `Deploy ${release}`);
      await git('push', '-q', 'origin', 'HEAD:refs/heads/main');
    },
    commit: async (message, files) => {
      await follow();
      const made = await put(files, message);
      await git('push', '-q', 'origin', 'HEAD:refs/heads/main');
      return made;
    },
    running: async () => {
      const answer = await fetch(`http://127.0.0.1:${ports[1]}/`);
      return answer.ok ? answer.text() : '';
    },
    close: async () => {
      await Promise.all([bridge, service].map(end));
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function end(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

/** git's own CGI program behind one request. */
function backend(root: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://host');
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'] ?? '',
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REMOTE_USER: 'somebody',
      REMOTE_ADDR: '127.0.0.1',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(child.stdin);
  child.stdin.on('error', () => child.kill());
  let waiting = Buffer.alloc(0);
  let begun = false;
  child.stdout.on('data', (chunk: Buffer) => {
    if (begun) return void response.write(chunk);
    waiting = Buffer.concat([waiting, chunk]);
    const at = waiting.indexOf('\r\n\r\n');
    if (at < 0) return;
    begun = true;
    const lines = waiting.subarray(0, at).toString().split('\r\n');
    const headers = lines.map((line) => line.split(/:\s*/) as [string, string]).filter(([name]) => name !== 'Status');
    const status = Number(/^Status: (\d+)/m.exec(lines.join('\n'))?.[1] ?? 200);
    response.writeHead(status, Object.fromEntries(headers));
    response.write(waiting.subarray(at + 4));
  });
  child.stdout.on('end', () => response.end());
}

export interface SshHost {
  readonly url: string;
  readonly key: string;
  /** As belay.yaml pins it. */
  readonly hostKey: string;
  close(): Promise<void>;
}

/** Why sshd cannot run here; null when it can. */
export function whyNoSshd(): string | null {
  if (process.getuid?.() !== 0) return 'this user is not root';
  if (!existsSync('/usr/bin/unshare') || !existsSync('/usr/bin/ssh')) return 'there is no unshare or no ssh';
  return findPart(SSHD) === null ? `there is no ${SSHD.name} (Debian: ${SSHD.packages.join(' ')})` : null;
}

/**
 * sshd in mounts of its own, where the user that it wants exists. With `pids: 'shared'` what runs behind it sees the processes of this machine,
 * as on a host that a service runs on.
 */
export async function startSshHost(repository: string, { pids = 'own' }: { readonly pids?: 'own' | 'shared' } = {}): Promise<SshHost> {
  const dir = mkdtempSync(path.join(tmpdir(), 'belay-sshd-'));
  const file = (name: string): string => path.join(dir, name);
  for (const name of ['host', 'user']) spawnSync('/usr/bin/ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', file(name)]);
  writeFileSync(file('passwd'), 'root:x:0:0:root:/root:/bin/sh\nsshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n');
  writeFileSync(file('authorized'), readFileSync(file('user.pub')));
  const port = await freePort();
  const options = [`ListenAddress=127.0.0.1`, `Port=${port}`, `HostKey=${file('host')}`, `AuthorizedKeysFile=${file('authorized')}`];
  const fixed = [
    'StrictModes=no',
    'AcceptEnv=TOKEN',
    'PermitRootLogin=prohibit-password',
    'PasswordAuthentication=no',
    `PidFile=none`,
    'KexAlgorithms=curve25519-sha256',
  ];
  const sshd = findPart(SSHD)?.file ?? '';
  const library = path.join(path.dirname(path.dirname(sshd)), 'lib', 'x86_64-linux-gnu');
  const script = `mount --bind "${file('passwd')}" /etc/passwd && mount -t tmpfs none /run && mkdir -m 755 /run/sshd && exec "$@"`;
  const argv = ['-D', '-e', '-f', '/dev/null', ...[...options, ...fixed].flatMap((one) => ['-o', one])];
  const own = pids === 'own' ? ['--pid', '--fork', '--kill-child'] : [];
  const child = spawn('/usr/bin/unshare', ['--mount', ...own, '/bin/sh', '-c', script, 'sh', sshd, ...argv], {
    env: { PATH: process.env['PATH'] ?? '', LD_LIBRARY_PATH: library },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const lastResort = (): void => void child.kill('SIGKILL');
  process.on('exit', lastResort);
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('Server listening')) resolve();
    });
    child.once('exit', () => reject(new Error(`sshd ended: ${said}`)));
  });
  return {
    url: `ssh://root@127.0.0.1:${port}${repository}`,
    key: file('user'),
    hostKey: readFileSync(file('host.pub'), 'utf8').trim().split(' ').slice(0, 2).join(' '),
    close: async () => {
      process.off('exit', lastResort);
      if (child.exitCode === null && child.signalCode === null) {
        const gone = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await gone;
      }
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await end(server);
  return port;
}
