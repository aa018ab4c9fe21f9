// How a backend of HAProxy shares requests between two of its servers: by their weights, set over the stats socket and read back from it. Who
// starts HAProxy anew finds the weights in a state file, where one is kept.

import { access, constants } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import { oneChange } from '../../domain/orders.ts';
import type { ProxyOptions } from '../../domain/proxy-catalog.ts';
import type { FileWriter } from '../../ports/file-writer.ts';
import type { TrafficSplit, TrafficState } from '../../ports/traffic-split.ts';
import { demandWord, openSocket } from './haproxy-socket.ts';
import { demandTwo, fingerprintOf, sharesBy } from './shares.ts';

const DRIVER = 'haproxy';
/** Of the column srv_op_state. */
const RUNNING = '2';

/** @throws BELAY_CONFIG_INVALID */
export function createHaproxyTraffic(
  options: ProxyOptions<'haproxy'>,
  { baseDir, files }: { readonly baseDir: string; readonly files: FileWriter },
) {
  const { backend, servers } = options;
  demandTwo(DRIVER, 'servers', servers);
  for (const word of [backend, ...servers]) demandWord(DRIVER, word === backend ? 'backend' : 'servers', word);
  const socket = openSocket(resolve(baseDir, options.socket));
  const stateFile = options.stateFile === undefined ? null : resolve(baseDir, options.stateFile);
  const look = async (): Promise<TrafficState> => {
    const rows = serversIn(await socket.look('show', 'servers', 'state', backend));
    const missing = servers.find((name) => !rows.has(name));
    if (missing !== undefined)
      throw new BelayError('BELAY_TARGET_UNREACHABLE', `the backend ${backend} has no server ${missing}`, {
        hint: `It has ${[...rows.keys()].join(', ') || 'none, or there is no such backend'}.`,
      });
    const shares = sharesBy(servers, (name) => rows.get(name)?.weight ?? 0);
    const warning = stateFile === null ? null : await whyNotKept(stateFile);
    return {
      ...{ shares, up: servers.filter((name) => rows.get(name)?.isUp === true), fingerprint: fingerprintOf(shares) },
      ...(warning === null ? {} : { warning }),
    };
  };
  return {
    compareAndSet: 'none',
    names: servers,
    look,
    put: async (to, share, { expected }) => {
      const now = await look();
      if (Math.abs((now.shares[to] ?? 0) - share) < 0.005) return;
      if (now.fingerprint !== expected)
        throw new BelayError('BELAY_TARGET_CONFLICT', `${backend} shares ${now.fingerprint}, not ${expected}`, {
          hint: 'Somebody else has changed it in between: plan again.',
        });
      const weight = Math.round(share * 100);
      // Who gets more is told first: with both at nothing, nobody would answer.
      const told = servers.map((name) => ({ name, weight: name === to ? weight : 100 - weight })).toSorted((a, b) => b.weight - a.weight);
      const { took, refused } = oneChange();
      for (const one of told)
        await socket.change('set', 'server', `${backend}/${one.name}`, 'weight', String(one.weight)).then(took, refused);
      if (stateFile !== null) await keep(files, stateFile, await socket.look('show', 'servers', 'state'));
    },
  } satisfies TrafficSplit;
}

interface Row {
  readonly weight: number;
  readonly isUp: boolean;
}

/** `show servers state`: a version, a line of names that begins with #, and a line for each server. */
export function serversIn(text: string): ReadonlyMap<string, Row> {
  const lines = text.split('\n');
  const names = (lines.find((line) => line.startsWith('# ')) ?? '').slice(2).split(' ');
  const [name, weight, state] = ['srv_name', 'srv_uweight', 'srv_op_state'].map((one) => names.indexOf(one));
  const rows = lines
    .filter((line) => /^\d+ \S+ \d+ /.test(line))
    .map((line) => line.split(' '))
    .map(
      (cells) => [cells[name ?? -1] ?? '', { weight: Number(cells[weight ?? -1] ?? 'x'), isUp: cells[state ?? -1] === RUNNING }] as const,
    )
    .filter(([one, row]) => one !== '' && Number.isInteger(row.weight) && row.weight >= 0);
  return new Map(rows);
}

/** Said with the plan, and with what was reached: no reason to leave requests where they are. */
async function whyNotKept(file: string): Promise<string | null> {
  try {
    await access(dirname(file), constants.R_OK | constants.W_OK | constants.X_OK);
    return null;
  } catch (cause) {
    return `${file} cannot be written (${(cause as NodeJS.ErrnoException).code ?? String(cause)}): a restart of HAProxy brings back other weights`;
  }
}

/** What was done stays done if it cannot be kept: that is said, as something that people must look at. */
async function keep(files: FileWriter, file: string, text: string): Promise<void> {
  try {
    await files.replace(file, text, { mode: 0o644, hint: 'Belay needs to write in that folder.' });
  } catch (cause) {
    if (!BelayError.is(cause)) throw cause;
    throw new BelayError(cause.code === 'BELAY_DISK_FULL' ? cause.code : 'BELAY_ACT_FAILED', `the weights are set, but ${cause.message}`, {
      effect: 'done',
      hint: `${cause.hint ?? ''} When HAProxy is started anew, the weights of before come back.`.trim(),
      cause,
    });
  }
}
