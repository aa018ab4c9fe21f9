// A deploy target over a platform that keeps the history of its releases and knows no compare-and-set. It looks again right before it acts,
// one order after the other; a foreign deploy in the moment between is found by looking afterwards. It speaks to no vendor.
import { BelayError } from '../../domain/errors.ts';
import { releaseNamed } from '../../domain/release-name.ts';
import type { DeployTarget, Release, TargetCaps, TargetState } from '../../ports/deploy-target.ts';
import type { Change, Changes } from './history.ts';
import {
  ageOf,
  changedAt,
  fingerprintOf,
  isOneStepFrom,
  keysByAge,
  lastOf,
  liveOf,
  previousOf,
  returnableTo,
  statusOf,
} from './history.ts';

import { pace } from './pace.ts';

/** What is known of an artefact. */
export interface Artefact {
  readonly ref: string;
  readonly version: string;
  readonly commit?: string;
  /** For people and the record. */
  readonly artefact: string;
}

export interface Sight {
  readonly changes: Changes;
  readonly units: readonly { readonly id: string; readonly key: string; readonly ready: boolean }[];
  readonly frozen: boolean;
}

export interface Platform {
  readonly caps: TargetCaps;
  /** How messages name it. */
  readonly name: string;
  look(): Promise<Sight>;
  /** Less than `look`, where that costs less. */
  changes(): Promise<Changes>;
  /** By key. */
  describe(changes: Changes, keys: readonly string[]): Promise<ReadonlyMap<string, Artefact>>;
  /** The key that a ref of `describe` stands for; null when the platform does not know it. */
  keyOf(changes: Changes, ref: string): string | null;
  /** Proves that it still is there. */
  isThere(change: Change): Promise<boolean>;
  /** `now`: what was seen right before. */
  put(change: Change, now: Changes): Promise<void>;
  freeze(on: boolean): Promise<void>;
  /** Where a person sees what can be put back. */
  readonly hint: string;
}

/** How many releases a written name is looked for in. */
const NAMES_LOOK = 100;
const MOST_REMEMBERED = 200;

export function targetOn(platform: Platform, time: Parameters<typeof pace>[0]) {
  const inTurn = turns();
  const mayLook = pace(time);
  /** Whose order left which state: of two of this Belay the second has come too late. */
  const orders = new Map<string, string>();
  const names = new Map<string, string>();
  const list = (limit: number): Promise<readonly Release[]> => listOf(platform, limit);
  return {
    caps: platform.caps,
    list,
    current: async () => {
      await mayLook();
      return stateOf(platform, await platform.look());
    },
    restorable: async (release) => {
      const changes = await platform.changes();
      const found = await findReturn(platform, changes, release);
      if (typeof found === 'string') return { ok: false, why: found };
      const what = (await platform.describe(changes, [found.key])).get(found.key);
      return { ok: true, artefact: what?.artefact ?? found.key };
    },
    resolve: async (written) => {
      const known = names.get(written);
      if (known !== undefined) return known;
      const meant = releaseNamed(written, await list(NAMES_LOOK));
      remember(names, written, meant);
      return meant;
    },
    rollTo: (release, o) => inTurn(() => rollTo({ platform, orders }, release, o)),
    freeze: (on) => platform.freeze(on),
  } satisfies DeployTarget;
}

async function listOf(platform: Platform, limit: number): Promise<readonly Release[]> {
  const changes = await platform.changes();
  const keys = keysByAge(changes).slice(0, limit);
  const known = await platform.describe(changes, keys);
  return keys.flatMap((key) => {
    const what = known.get(key);
    return what === undefined ? [] : [{ ...what, createdAt: ageOf(changes, key), status: statusOf(changes, key) }];
  });
}

async function stateOf(platform: Platform, { changes, units, frozen }: Sight): Promise<TargetState> {
  const [live, last, before] = [liveOf(changes), lastOf(changes), previousOf(changes)];
  if (live === null)
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `${platform.name}: no release is live`, { hint: 'Deploy once by its own means.' });
  const begun = last?.phase === 'begun' ? last : null;
  const keys = [live.key, before, begun?.key ?? null, ...units.map((one) => one.key)].filter((key) => key !== null);
  const known = await platform.describe(changes, [...new Set(keys)]);
  const refOf = (key: string): string => known.get(key)?.ref ?? key;
  return {
    release: refOf(live.key),
    fingerprint: fingerprintOf(changes),
    units: units.map(({ id, key, ready }) => ({ id, release: refOf(key), ready })),
    frozen,
    changedAt: changedAt(changes, live),
    previous: before === null ? null : refOf(before),
    ...(begun === null ? {} : { inFlight: refOf(begun.key) }),
    ...(last?.phase === 'failed' ? { gaveUp: `${platform.name} could not put ${last.mark} live; ${live.mark} stays` } : {}),
  };
}

async function findReturn(platform: Platform, changes: Changes, release: string): Promise<Change | 'pruned' | 'failed' | 'unknown'> {
  const key = platform.keyOf(changes, release);
  if (key === null) return 'unknown';
  const change = returnableTo(changes, key);
  if (change === null) return statusOf(changes, key) === 'failed' ? 'failed' : 'pruned';
  return (await platform.isThere(change)) ? change : 'pruned';
}

interface Desk {
  readonly platform: Platform;
  readonly orders: Map<string, string>;
}

async function rollTo({ platform, orders }: Desk, release: string, o: Parameters<DeployTarget['rollTo']>[1]): Promise<void> {
  const seen = await platform.changes();
  const key = platform.keyOf(seen, release);
  const order = `${o.expected} ${key ?? ''}`;
  const isDone = key !== null && isOneStepFrom(seen, o.expected, key) && (orders.get(order) ?? o.key) === o.key;
  if (isDone) return;
  demandUnchanged(platform, seen, o.expected);
  const change = await findReturn(platform, seen, release);
  if (typeof change === 'string')
    throw new BelayError('BELAY_RELEASE_NOT_RESTORABLE', `release ${release} cannot be put back on ${platform.name}: ${change}`, {
      hint: platform.hint,
    });
  // Nothing keeps others out: the last look is right before the act.
  const now = await platform.changes();
  demandUnchanged(platform, now, o.expected);
  remember(orders, order, o.key);
  await platform.put(change, now);
}

function demandUnchanged({ name }: Platform, changes: Changes, expected: string): void {
  const found = fingerprintOf(changes);
  if (found === expected) return;
  throw new BelayError('BELAY_TARGET_CONFLICT', `${name} is at ${found}, not at ${expected}`, {
    hint: 'Somebody else has deployed in between: plan again.',
  });
}

function remember(things: Map<string, string>, name: string, value: string): void {
  things.set(name, value);
  for (const [oldest] of things) if (things.size > MOST_REMEMBERED) things.delete(oldest);
}

/** One after the other, whatever became of the one before. */
function turns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work, work);
    // Whoever waits for it is told; the next in line only waits for its end.
    last = mine.catch(() => undefined);
    return mine;
  };
}
