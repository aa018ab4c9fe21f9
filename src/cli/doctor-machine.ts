// What Belay needs of this machine: Node, the data directory and its rights, room on the disk, the socket's path, the clock, the server.
import { accessSync, constants, existsSync, realpathSync, statfsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { connect } from './client.ts';
import type { Context } from './context.ts';
import { type Finding, fail, look, ok, skip, warn } from './finding.ts';
import { livingServer, readServerFile } from './server-file.ts';
import type { Status } from './status-text.ts';
import type { ListedTriggers } from './triggers-text.ts';

const NODE_NEEDED = [22, 19] as const;
const ROOM_BYTES = 2 * 1024 ** 3;
const LEAST_ROOM_BYTES = 256 * 1024 ** 2;
const LEAST_ROOM_INODES = 10_000;
/** sun_path is 108 bytes on Linux and 104 on macOS, with the closing zero. */
const SOCKET_PATH_MAX = process.platform === 'darwin' ? 103 : 107;

export async function checkMachine(context: Context): Promise<readonly Finding[]> {
  const store = storeOf(context);
  return [
    versions(context),
    dataDirectory(context),
    disk(context),
    token(context),
    store,
    ...(store.state === 'skip' ? [] : [socket()]),
    clock(),
    await server(context),
    ...(await untried(context)),
    await pause(context),
  ];
}

function versions({ wiring }: Context): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const says = `Belay ${wiring.version}, Node ${process.versions.node}, ${process.platform}-${process.arch}`;
  const enough = major > NODE_NEEDED[0] || (major === NODE_NEEDED[0] && minor >= NODE_NEEDED[1]);
  return enough ? ok('versions', says) : fail('versions', says, `Install Node ${NODE_NEEDED.join('.')} or newer.`);
}

/** The nearest folder above that is there. */
function standing(path: string): string {
  return existsSync(path) ? path : standing(dirname(path));
}

function may(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    // Whatever the reason: it cannot be used that way.
    return false;
  }
}

function dataDirectory({ data, dataDir }: Context): Finding {
  const what = 'data directory';
  if (!existsSync(dataDir)) {
    const above = standing(dirname(dataDir));
    return may(above, constants.W_OK)
      ? ok(what, `${data} is not there yet; belay up makes it`)
      : fail(what, `${data} is not there, and ${above} may not be written`, 'Name another one with --data.');
  }
  if (!statSync(dataDir).isDirectory()) return fail(what, `${data} is not a folder`, 'Name another one with --data.');
  if (!may(dataDir, constants.R_OK | constants.W_OK | constants.X_OK))
    return fail(what, `${data} may not be written by this user`, `Type it as the user that runs Belay, or: chown -R $(id -un) ${data}`);
  return ok(what, `${realpathSync(dataDir)} may be written`);
}

function disk({ dataDir }: Context): Finding {
  const what = 'disk';
  const { bavail, bsize, ffree, files } = statfsSync(standing(dataDir));
  const free = bavail * bsize;
  const says = `${(free / 1024 ** 3).toFixed(1)} GiB free`;
  if (free < LEAST_ROOM_BYTES) return fail(what, says, 'Make room: without it Belay cannot write its journal, and then it does not act.');
  if (files > 0 && ffree < LEAST_ROOM_INODES)
    return warn(what, `${says}, but only ${ffree} files may still be made`, 'Remove small files.');
  return free < ROOM_BYTES ? warn(what, says, 'Make room before it runs out.') : ok(what, says);
}

function token({ data, dataDir }: Context): Finding {
  const what = 'token';
  const file = join(dataDir, 'token');
  if (!existsSync(file)) return skip(what, 'none yet; belay up makes it');
  if (!may(file, constants.R_OK))
    return fail(what, `${join(data, 'token')} may not be read by this user`, 'Type it as the user that runs Belay.');
  const mode = statSync(file).mode & 0o077;
  return mode === 0 || process.platform === 'win32'
    ? ok(what, 'readable by its owner alone')
    : fail(what, `${join(data, 'token')} can be read by others`, `chmod 600 ${join(data, 'token')}`);
}

function storeOf({ data, dataDir, wiring }: Context): Finding {
  const what = 'store';
  if ((wiring.env['BELAY_DATABASE_URL'] ?? '') !== '')
    return skip(what, 'BELAY_DATABASE_URL names a Postgres of your own; belay up says whether it answers');
  if (process.platform === 'win32' && process.arch !== 'x64')
    return fail(what, `no embedded Postgres for ${process.platform}-${process.arch}`, 'Set BELAY_DATABASE_URL to a Postgres of your own.');
  const cluster = join(dataDir, 'postgres', 'cluster');
  return existsSync(cluster)
    ? ok(what, `the embedded Postgres lies in ${join(data, 'postgres')}`)
    : ok(what, 'the embedded Postgres is made by the first belay up');
}

/** The supervisor takes the first folder in which the socket's path is short enough. */
function socket(): Finding {
  const what = 'socket path';
  const bases = [process.getuid?.() === 0 ? '/run' : undefined, tmpdir(), '/tmp'];
  const length = (base: string): number => Buffer.byteLength(join(realpathSync(base), 'belay-000000000000', '.s.PGSQL.5432'));
  const found = bases.find((base) => base !== undefined && existsSync(base) && length(base) <= SOCKET_PATH_MAX);
  if (found === undefined)
    return fail(
      what,
      'no folder is short enough for the socket of the embedded Postgres',
      'Set TMPDIR to a short path, or BELAY_DATABASE_URL to a Postgres of your own.',
    );
  return ok(what, `${length(found)} of ${SOCKET_PATH_MAX} bytes, in ${found}`);
}

function clock(): Finding {
  const year = new Date().getUTCFullYear();
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const says = `${new Date().toISOString()} (${zone})`;
  return year < 2026 ? fail('clock', says, 'This machine has not got the time. Set its clock, and let NTP keep it.') : ok('clock', says);
}

async function server({ data, dataDir, as, wiring }: Context): Promise<Finding> {
  const what = 'server';
  const living = livingServer(dataDir);
  if (living === null) {
    return readServerFile(dataDir) === null
      ? skip(what, `none runs on ${data}; start it with belay up`)
      : warn(what, `the last one (pid ${readServerFile(dataDir)?.pid ?? '?'}) has died`, 'belay up goes on where it was.');
  }
  return look(what, async () => {
    const status = await connect(dataDir, await wiring.http(), { person: as, timeoutMs: 3000 }).get<Status>('/v1/status');
    const says = `pid ${living.pid} answers on 127.0.0.1:${living.port}`;
    if (status.version !== wiring.version)
      return warn(what, `${says}, and is version ${status.version}`, 'Stop it and type belay up, so that both are the same.');
    const { deadSources } = status.detection;
    return deadSources.length === 0
      ? ok(what, says)
      : warn(what, `${says}; no data from ${deadSources.join(', ')}`, 'Look at these sources below.');
  });
}

/** A trigger that may act, and of which nobody can know what it does. */
async function untried({ dataDir, as, wiring }: Context): Promise<readonly Finding[]> {
  if (livingServer(dataDir) === null) return [];
  const what = 'armed triggers';
  const found = await look(what, async () => {
    const client = connect(dataDir, await wiring.http(), { person: as, timeoutMs: 3000 });
    const { summaries } = await client.get<ListedTriggers>('/v1/triggers?limit=1');
    const names = summaries.filter((one) => one.untried).map((one) => one.trigger);
    return names.length === 0
      ? skip(what, 'none is without history')
      : warn(what, `armed without history: ${names.join(', ')}`, 'Run them in shadow, or belay backtest, first: docs/guides/trust.md.');
  });
  // Of a server that does not answer the line above tells.
  return found.state === 'warn' ? [found] : [];
}

async function pause({ data, dataDir, wiring }: Context): Promise<Finding> {
  if (!existsSync(dataDir)) return ok('pause', 'not set');
  const state = await (await wiring.pauseFile(dataDir)).read();
  const [by] = state.by;
  return by === undefined
    ? ok('pause', `no file ${join(data, 'pause')}`)
    : warn('pause', `set by ${by.who}: ${by.reason}`, 'Nothing new happens until: belay resume');
}
