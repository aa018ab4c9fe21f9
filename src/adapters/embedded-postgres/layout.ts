// Where everything of one store lies: cluster, links to libraries, log, lock, socket. It starts nothing.
import { createHash } from 'node:crypto';
import { chownSync, cpSync, existsSync, lstatSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { Binaries } from './binaries.ts';
import type { Owner } from './owner.ts';
import { canTraverse } from './owner.ts';

export interface Layout {
  readonly root: string;
  readonly cluster: string;
  readonly native: string;
  /** Folders for LD_LIBRARY_PATH. */
  readonly libraries: readonly string[];
  readonly socketDir: string;
  readonly logFile: string;
  /** The store could not stay below the data directory. */
  readonly isRelocated: boolean;
}

/** sun_path is 108 bytes on Linux and 104 on macOS, with the closing zero. */
const SOCKET_PATH_MAX = process.platform === 'darwin' ? 103 : 107;
const ELSEWHERE = '/var/lib/belay';

export function layOut(o: { readonly dataDir: string; readonly runtimeDir?: string }, binaries: Binaries, owner: Owner): Layout {
  mkdirSync(o.dataDir, { recursive: true, mode: 0o711 });
  const dataDir = realpathSync(o.dataDir);
  const hash = createHash('sha256').update(dataDir).digest('hex').slice(0, 12);
  const isRelocated = !canTraverse(dataDir, owner);
  const root = isRelocated ? join(ELSEWHERE, hash) : join(dataDir, 'postgres');
  if (isRelocated) mkdirSync(ELSEWHERE, { recursive: true, mode: 0o755 });
  makePrivate(root, owner);
  const native = canTraverse(join(binaries.native, 'bin'), owner) ? binaries.native : copyNative(binaries, owner);
  return {
    root,
    cluster: join(root, 'cluster'),
    native,
    libraries: [linkLibraries(root, native, binaries.version, owner), join(native, 'lib')],
    socketDir: socketDirOf(o.runtimeDir, hash, owner),
    logFile: join(root, 'postgres.log'),
    isRelocated,
  };
}

function makePrivate(dir: string, owner: Owner): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  if (owner !== null) chownSync(dir, owner.uid, owner.gid);
}

/** The installation is out of reach (a home of mode 0700): its 72 MB are copied once. */
function copyNative(binaries: Binaries, owner: Owner): string {
  const target = join(ELSEWHERE, `native-${binaries.version}`);
  if (existsSync(target)) return target;
  mkdirSync(ELSEWHERE, { recursive: true, mode: 0o755 });
  const draft = `${target}.${process.pid}`;
  cpSync(binaries.native, draft, { recursive: true, verbatimSymlinks: true });
  if (!canTraverse(join(draft, 'bin'), owner))
    throw new BelayError('BELAY_STORE_UNSUPPORTED', `${ELSEWHERE} cannot be reached by ${owner?.name ?? 'this user'}`, {
      hint: `chmod o+x ${ELSEWHERE}`,
    });
  renameInto(draft, target);
  return target;
}

/** npm may have skipped the package's own script that makes these links, and its folder may be read-only. */
function linkLibraries(root: string, native: string, version: string, owner: Owner): string {
  const target = join(root, `lib-${version}`);
  if (existsSync(target)) return target;
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as readonly {
    readonly source: string;
    readonly target: string;
  }[];
  const draft = `${target}.${process.pid}`;
  makePrivate(draft, owner);
  for (const link of links) symlinkSync(join(native, 'lib', basename(link.source)), join(draft, basename(link.target)));
  renameInto(draft, target);
  return target;
}

/** Another process may have been first: then its folder is as good. */
function renameInto(draft: string, target: string): void {
  try {
    renameSync(draft, target);
  } catch (error) {
    if (!existsSync(target)) throw error;
    rmSync(draft, { recursive: true, force: true });
  }
}

/** One socket folder a data directory: two in one folder collide, and a path below a deep data directory is too long. */
function socketDirOf(runtimeDir: string | undefined, hash: string, owner: Owner): string {
  const bases = [runtimeDir, owner === null ? undefined : '/run', tmpdir(), '/tmp'];
  for (const base of bases) {
    if (base === undefined || !existsSync(base) || !canTraverse(realpathSync(base), owner)) continue;
    const dir = join(realpathSync(base), `belay-${hash}`);
    if (Buffer.byteLength(join(dir, '.s.PGSQL.5432')) > SOCKET_PATH_MAX) continue;
    makePrivate(dir, owner);
    refuseForeign(dir, owner);
    return dir;
  }
  throw new BelayError('BELAY_STORE_UNSUPPORTED', 'no folder is short and open enough for the socket of the embedded Postgres', {
    hint: 'Set BELAY_RUNTIME_DIR to a short path, or BELAY_DATABASE_URL to a Postgres of your own.',
  });
}

/** In a shared temporary folder somebody else may have made it first. */
function refuseForeign(dir: string, owner: Owner): void {
  const seen = lstatSync(dir);
  const uid = owner?.uid ?? process.getuid?.();
  if (seen.isDirectory() && (seen.mode & 0o077) === 0 && (uid === undefined || seen.uid === uid)) return;
  throw new BelayError('BELAY_STORE_UNSUPPORTED', `${dir} is open to others or belongs to somebody else`, {
    hint: `Look at ${dir}; remove it, or set BELAY_RUNTIME_DIR.`,
  });
}
