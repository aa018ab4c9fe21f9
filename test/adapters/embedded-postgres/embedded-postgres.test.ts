// The embedded Postgres, for real: created, stopped, started, found again, started again after its death, moved out of a closed folder.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { findBinaries } from '../../../src/adapters/embedded-postgres/binaries.ts';
import type { EmbeddedPostgres, EmbeddedPostgresOptions } from '../../../src/adapters/embedded-postgres/index.ts';
import { openEmbeddedPostgres } from '../../../src/adapters/embedded-postgres/index.ts';
import { isAlive, processesOn } from '../../../src/adapters/embedded-postgres/process-table.ts';
import { makeDataDir } from '../../world/parts/embedded-store.ts';

async function place(): Promise<{ readonly dataDir: string; readonly runtimeDir: string }> {
  const made = await makeDataDir();
  onTestFinished(() => made.remove());
  return made;
}

async function opened(o: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const store = await openEmbeddedPostgres(o);
  onTestFinished(async () => {
    await store.stop();
    if (isAlive(store.pid)) process.kill(store.pid, 'SIGQUIT');
  });
  return store;
}

async function ask(store: EmbeddedPostgres, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: store.url.replace('/belay?', '/postgres?') });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

test('it is created with safe settings, keeps what was written over a stop, and opens no port', async () => {
  const o = await place();
  const phases: string[] = [];
  const first = await opened({ ...o, onProgress: (phase) => phases.push(phase) });
  expect(phases).toEqual(['creating', 'starting', 'ready']);
  const [settings] = await ask(
    first,
    "select current_setting('fsync') f, current_setting('synchronous_commit') s, current_setting('listen_addresses') l, current_setting('wal_segment_size') w",
  );
  expect(settings).toEqual({ f: 'on', s: 'on', l: '', w: '1MB' });
  expect(first.version).toMatch(/^18/);
  await ask(first, 'create table kept as select 42 as answer');
  expect(await first.stop()).toBe(true);
  expect(isAlive(first.pid)).toBe(false);
  const second = await opened({ ...o, onProgress: (phase) => phases.push(phase) });
  expect(phases.slice(3)).toEqual(['starting', 'ready']);
  expect(await ask(second, 'select answer from kept')).toEqual([{ answer: 42 }]);
});

test('opened twice it is one server, left running by the first who stops while the other uses it', async () => {
  const o = await place();
  const [one, other] = await Promise.all([opened(o), opened(o)]);
  expect(one.pid).toBe(other.pid);
  expect(one.attached).toBe(!other.attached);
  const user = new pg.Client({ connectionString: one.url.replace('/belay?', '/postgres?') });
  await user.connect();
  expect(await one.stop()).toBe(false);
  await user.end();
  expect(await other.stop()).toBe(true);
});

test('a half-made cluster is thrown away and made anew', async () => {
  const o = await place();
  mkdirSync(join(o.dataDir, 'postgres', 'cluster', 'base'), { recursive: true });
  writeFileSync(join(o.dataDir, 'postgres', 'cluster', 'PG_VERSION'), '18\n');
  const store = await opened(o);
  expect(await ask(store, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('a server that dies is started again by who uses it', async () => {
  const o = await place();
  const phases: string[] = [];
  const store = await opened({ ...o, onProgress: (phase) => phases.push(phase) });
  const before = store.pid;
  for (const pid of processesOn(store.dataDir)) process.kill(pid, 'SIGKILL');
  await expect.poll(() => phases.slice(3), { timeout: 20_000 }).toEqual(['lost', 'starting', 'ready']);
  expect(store.pid).not.toBe(before);
  expect(await ask(store, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('its libraries are found although the package made no links and cannot be written', async () => {
  const o = await place();
  const real = findBinaries();
  const native = join(o.runtimeDir, 'package');
  mkdirSync(join(native, 'lib'), { recursive: true });
  for (const name of ['bin', 'share', 'pg-symlinks.json']) execFileSync('cp', ['-r', join(real.native, name), join(native, name)]);
  const links = (JSON.parse(readFileSync(join(real.native, 'pg-symlinks.json'), 'utf8')) as { target: string }[]).map((link) =>
    join(real.native, '..', link.target),
  );
  for (const file of execFileSync('ls', [join(real.native, 'lib')], { encoding: 'utf8' })
    .trim()
    .split('\n')) {
    const path = join(real.native, 'lib', file);
    if (!links.includes(path)) symlinkSync(path, join(native, 'lib', file));
  }
  expect(existsSync(join(native, 'lib', 'libicui18n.so.60'))).toBe(false);
  const store = await opened({ ...o, findBinaries: () => ({ native, version: 'without-links' }) });
  expect(await ask(store, "select count(*)::int > 500 as many from pg_collation where collprovider = 'i'")).toEqual([{ many: true }]);
});

test('a missing package is one clear sentence that names the way out', () => {
  const missing = (): never => {
    throw new Error('Cannot find package');
  };
  expect(() => findBinaries(missing)).toThrow(
    expect.objectContaining({ code: 'BELAY_STORE_UNSUPPORTED', hint: expect.stringContaining('BELAY_DATABASE_URL') as string }),
  );
});

test('a data directory whose path is longer than a socket path may be does not matter', async () => {
  const o = await place();
  const store = await opened({ ...o, dataDir: join(o.dataDir, 'd'.repeat(120)) });
  expect(await ask(store, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('as root, a data directory that the other user cannot reach moves the store and says where', async ({ skip }) => {
  if (process.getuid?.() !== 0) skip('only root lends another user');
  const o = await place();
  mkdirSync(o.dataDir);
  chmodSync(o.dataDir, 0o700);
  const told: string[] = [];
  const store = await opened({ ...o, onProgress: (phase, detail) => told.push(`${phase} ${detail}`) });
  onTestFinished(() => rmSync(join(store.dataDir, '..'), { recursive: true, force: true }));
  expect(told[0]).toMatch(/^relocated \/var\/lib\/belay\/[0-9a-f]{12}$/);
  expect(store.dataDir).toMatch(/^\/var\/lib\/belay\/[0-9a-f]{12}\/cluster$/);
  expect(statSync(store.dataDir).uid).not.toBe(0);
  expect(await ask(store, 'select 1 as one')).toEqual([{ one: 1 }]);
  await store.stop();
});
