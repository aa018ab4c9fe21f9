// A flow switch in a map of HAProxy, one key an organization. The file is written first, under a lock and only if its bytes are still those
// that were read; then the running proxy is told, and what it says it uses is what counts. A restart finds the file as Belay left it.
import { resolve } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { SwitchOptions } from '../../domain/switch-catalog.ts';
import type { FileWriter } from '../../ports/file-writer.ts';
import type { FlowState, FlowSwitch } from '../../ports/flow-switch.ts';
import type { HeldLock } from '../../ports/lock.ts';
import type { Processes } from '../../ports/process.ts';
import type { Time } from '../../ports/time.ts';
import { demandWord, type HaproxySocket, isWord, openSocket } from './haproxy-socket.ts';
import { type MapFile, noteIn, readMap, replaceMap, valueIn, withValue } from './map-file.ts';
import { createSeen, type SeenByOrg } from './seen.ts';

const DRIVER = 'haproxy-map';
const LOCK_WAIT_MS = 10_000;
const MAX_ROUNDS = 20;
const MOST_REMEMBERED = 200;

interface Deps {
  readonly processes: Pick<Processes, 'locks'>;
  readonly time: Pick<Time, 'now'>;
  readonly files: FileWriter;
  readonly baseDir: string;
}

interface Place {
  readonly map: string;
  /** What an organization uses that the map does not hold. */
  readonly otherwise: string;
  readonly socket: HaproxySocket;
  readonly time: Pick<Time, 'now'>;
  readonly seen: SeenByOrg;
  readonly files: FileWriter;
  /** Orders that were carried out in this life. */
  readonly done: Set<string>;
}

/** @throws BELAY_CONFIG_INVALID */
export function createHaproxyMap(options: SwitchOptions<'haproxy-map'>, { processes, time, files, baseDir }: Deps) {
  const { values } = options;
  const map = resolve(baseDir, options.map);
  const otherwise = options.default ?? values[0] ?? '';
  if (values.length < 2) throw wrong('values: at least two flows are needed, such as [stable, next]');
  if (!values.includes(otherwise)) throw wrong(`default: it must be one of ${values.join(', ')}`);
  for (const value of values) demandWord(DRIVER, 'values', value);
  demandWord(DRIVER, 'map', map);
  const socket = openSocket(resolve(baseDir, options.socket));
  const place: Place = { map, otherwise, socket, time, files, seen: createSeen(), done: new Set() };
  return {
    compareAndSet: 'lock',
    values,
    get: async (org) => (await read(place, org)).state,
    set: async (org, value, { expected, key }) => {
      if (!values.includes(value))
        throw new BelayError('BELAY_INPUT_INVALID', `"${value}" is not a flow of ${map}`, { hint: `Flows: ${values.join(', ')}.` });
      const order = { org, value, expected, key };
      await processes.locks.hold(`${map}.belay-lock`, { waitMs: LOCK_WAIT_MS }, (lock) => change(place, order, lock));
    },
  } satisfies FlowSwitch;
}

/** What the proxy uses now; null where the map has no such key. */
async function used({ socket, map }: Place, org: string): Promise<string | null> {
  const answer = await socket.look('get', 'map', map, org);
  const [, found = '', rest = ''] = /found=(yes|no)(.*)/s.exec(answer) ?? [];
  if (found === 'no') return null;
  const value = /, value="([^"]*)"/.exec(rest)?.[1];
  if (found === 'yes' && value !== undefined) return value;
  throw new BelayError('BELAY_TARGET_UNREACHABLE', `HAProxy knows no map ${map}`, {
    hint: 'Write `map` as the configuration of HAProxy does. See which there are: echo "show map" | socat stdio <socket>.',
  });
}

interface Reading {
  readonly state: FlowState;
  readonly file: MapFile;
  /** Of the order that made it what it is; '' where that was somebody else. */
  readonly key: string;
  readonly raw: string | null;
}

async function read(place: Place, org: string): Promise<Reading> {
  if (!isWord(org)) throw new BelayError('BELAY_INPUT_INVALID', `${JSON.stringify(org)} cannot be a key of a map`);
  const [raw, file] = [await used(place, org), await readMap(place.map)];
  const value = raw ?? place.otherwise;
  const noted = noteIn(file, org);
  const mine = noted?.value === value ? noted : null;
  const local = place.seen.look(org, value, place.time.now());
  // Written, and the proxy was not told: what is used is as it was before.
  const isHalf = mine === null && noted?.previous === value && valueIn(file, org) === noted.value;
  const since = `${value}#${isHalf ? noted.changes - 1 : (noted?.changes ?? 0)}${mine === null && noted !== null && !isHalf ? '!' : ''}`;
  const state = {
    value,
    fingerprint: local.moves === 0 ? since : `${since}+${local.moves}`,
    changedAt: Math.max(local.movedAt ?? 0, mine?.changedAt ?? 0),
    previous: local.movedAt === null ? (mine?.previous ?? null) : local.previous,
  };
  return { state, file, raw, key: mine?.key ?? '' };
}

interface Order {
  readonly org: string;
  readonly value: string;
  readonly expected: string;
  readonly key: string;
}

async function change(place: Place, order: Order, lock: HeldLock): Promise<void> {
  const { map, seen, done, time } = place;
  const { org, value, expected, key } = order;
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    const now = await read(place, org);
    if (now.state.value === value && now.key === key) return;
    const noted = noteIn(now.file, org);
    // Written by this order before, and the proxy has not been told yet.
    const isBegun = !done.has(key) && valueIn(now.file, org) === value && noted?.key === key;
    if (!isBegun) {
      if (now.state.fingerprint !== expected) throw conflict(map, `${org} is ${now.state.fingerprint}, not ${expected}`);
      const next = { value, changes: (noted?.changes ?? 0) + 1, changedAt: time.now(), previous: now.state.value, key };
      await lock.assertHeld();
      if (!(await replaceMap(place.files, map, now.file, withValue(now.file, org, next)))) continue;
    }
    if (now.raw !== value) await tell(place, order, now.raw !== null);
    seen.put(org, value, { key, now: time.now() });
    remember(done, key);
    return;
  }
  throw new BelayError('BELAY_LOCK_HELD', `${map} changes all the time`, { hint: 'Stop what writes it, then try again.' });
}

async function tell(place: Place, { org, value }: Order, isThere: boolean): Promise<void> {
  await place.socket.change(isThere ? 'set' : 'add', 'map', place.map, org, value);
  const now = await used(place, org);
  if (now === value) return;
  throw new BelayError('BELAY_ACT_FAILED', `HAProxy was told to use ${value} for ${org}, and uses ${now ?? 'nothing'}`, {
    effect: 'unknown',
  });
}

function remember(keys: Set<string>, key: string): void {
  keys.add(key);
  for (const oldest of keys) if (keys.size > MOST_REMEMBERED) keys.delete(oldest);
}

const wrong = (why: string): BelayError => new BelayError('BELAY_CONFIG_INVALID', `driver ${DRIVER}: ${why}`);

const conflict = (map: string, what: string): BelayError =>
  new BelayError('BELAY_TARGET_CONFLICT', `${map}: ${what}`, { hint: 'Somebody else has changed it in between: plan again.' });
