// Incidents in Postgres: each change locks its incident, seals, folds and writes in one transaction.
// What an event means is the fold's business.
import { assert } from '../../domain/assert.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Event } from '../../domain/event.ts';
import type { Incident, IncidentId } from '../../domain/incident.ts';
import { incidentId, isOpen } from '../../domain/incident-fold.ts';
import type { Digest } from '../../ports/digest.ts';
import type { Change, IncidentFilter, IncidentStore, Timer } from '../../ports/incident-store.ts';
import type { Time } from '../../ports/time.ts';
import type { Changes, Committed } from './changes.ts';
import type { Client, Database } from './connection.ts';
import { fenceOf } from './fence.ts';
import { insertIncident, sealChange, updateIncident } from './incident-rows.ts';

export interface IncidentDeps {
  readonly database: Database;
  readonly changes: Changes;
  readonly digest: Digest;
  readonly time: Time;
}

export interface Locked {
  readonly incident: Incident;
  readonly fingerprint: string;
  readonly held: string | null;
}

interface Outcome {
  readonly incident: Incident;
  readonly committed: Committed | null;
}

export function createIncidentStore(deps: IncidentDeps): IncidentStore {
  const { database, changes } = deps;
  const one = async (where: string, value: unknown): Promise<Incident | null> => {
    const [row] = await database.query<{ projection: Incident }>(`select projection from belay.incident where ${where} = $1`, [value]);
    return row?.projection ?? null;
  };
  const update = async (id: IncidentId, key: string, build: (incident: Incident) => Omit<Change, 'key'> | null): Promise<Incident> => {
    const { incident, committed } = await database.transact((client) => updateLocked(client, deps, { id, key, build }));
    if (committed !== null) changes.announce(committed);
    return incident;
  };
  return {
    declare: (fingerprint, build) => declare(deps, fingerprint, build),
    append: (id, change) => update(id, change.key, () => change),
    update,
    load: (id) => one('id', id),
    byNumber: (number) => one('number', number),
    list: async (filter = {}) => {
      const { where, values } = whereOf(filter);
      const rows = await database.query<{ projection: Incident }>(
        `select projection from belay.incident ${where} order by number desc limit $1`,
        values,
      );
      return rows.map((row) => row.projection);
    },
    events: async (id, afterSeq = 0) => {
      const rows = await database.query<{ body: Event }>('select body from belay.event where incident = $1 and seq > $2 order by seq', [
        id,
        afterSeq,
      ]);
      return rows.map((row) => row.body);
    },
    dueTimers: (now) => database.query<TimerColumns>(`${TIMERS} where at <= $1 order by at, incident collate "C", id collate "C"`, [now]),
    timers: (id) => database.query<TimerColumns>(`${TIMERS} where incident = $1 order by at, id collate "C"`, [id]),
    subscribe: (listener) => changes.subscribe(listener),
  } satisfies IncidentStore;
}

/** Only what is asked for is written, so that each has its index. */
function whereOf(filter: IncidentFilter): { readonly where: string; readonly values: readonly unknown[] } {
  const values: unknown[] = [filter.limit ?? null];
  const place = (value: unknown): string => `$${values.push(value)}`;
  const parts: string[] = [];
  if (filter.open !== undefined) parts.push(filter.open ? 'open' : 'not open');
  if (filter.trigger !== undefined) parts.push(`trigger = ${place(filter.trigger)}`);
  if (filter.org === 'all') parts.push('orgs is null');
  else if (filter.org !== undefined) parts.push(`(orgs is null or ${place(filter.org)} = any (orgs))`);
  if (filter.run !== undefined) parts.push(`run = ${place(filter.run)}`);
  if (filter.doneSince !== undefined) parts.push(`done_at >= ${place(filter.doneSince)}`);
  if (filter.lock !== undefined) parts.push(`run_lock = ${place(filter.lock)}`);
  return { where: parts.length === 0 ? '' : `where ${parts.join(' and ')}`, values };
}

type TimerColumns = Timer & { [column: string]: unknown };
const TIMERS = 'select incident, id, at, kind, data from belay.timer';

/** The lock is taken by a statement of its own: what is read after it is what the last holder committed. */
export async function lockIncident(client: Client, id: IncidentId, key: string): Promise<Locked & { readonly isKnown: boolean }> {
  await client.query('select 1 from belay.incident where id = $1 for no key update', [id]);
  const { rows } = await client.query<{ projection: Incident; fingerprint: string; held: string | null; known: boolean }>(
    `select projection, fingerprint, held_fingerprint as held, exists (select 1 from belay.change c where c.incident = i.id and c.key = $2) as known
     from belay.incident i where id = $1`,
    [id, key],
  );
  const row = rows[0];
  if (row === undefined)
    throw new BelayError('BELAY_NOT_FOUND', `there is no incident ${id}`, { hint: 'Run `belay status` to list incidents.' });
  return { incident: row.projection, fingerprint: row.fingerprint, held: row.held, isKnown: row.known };
}

/** Writes a change to a locked incident. */
export async function applyChange(
  client: Client,
  deps: Pick<IncidentDeps, 'digest' | 'time'>,
  o: { readonly locked: Locked; readonly change: Change },
): Promise<Outcome> {
  const { incident: before } = o.locked;
  const now = deps.time.now();
  const sealed = sealChange(o.change, { id: before.id, before, now, digest: deps.digest });
  const heldFingerprint = await fingerprintHeldBy(client, deps.digest, o.locked, sealed.incident);
  const committed = await updateIncident(client, { change: o.change, sealed, heldFingerprint, now });
  return { incident: sealed.incident, committed };
}

/** An ended incident gives its fingerprint up; one that opens again takes it back if nobody else has it. */
async function fingerprintHeldBy(client: Client, digest: Digest, before: Locked, after: Incident): Promise<string | null> {
  if (!isOpen(after)) return null;
  if (before.held !== null || isOpen(before.incident)) return before.held;
  await client.query('select pg_advisory_xact_lock($1)', [String(fenceOf(digest, `declare/${before.fingerprint}`))]);
  const { rowCount } = await client.query('select 1 from belay.incident where held_fingerprint = $1', [before.fingerprint]);
  return rowCount === 0 ? before.fingerprint : null;
}

async function updateLocked(
  client: Client,
  deps: IncidentDeps,
  o: { readonly id: IncidentId; readonly key: string; readonly build: (incident: Incident) => Omit<Change, 'key'> | null },
): Promise<Outcome> {
  const locked = await lockIncident(client, o.id, o.key);
  const change = locked.isKnown ? null : o.build(locked.incident);
  return change === null
    ? { incident: locked.incident, committed: null }
    : applyChange(client, deps, { locked, change: { ...change, key: o.key } });
}

/** The fence serializes declares of one fingerprint, and makes a repeated one wait for the commit whose answer was lost. */
async function declare(
  deps: IncidentDeps,
  fingerprint: string,
  build: (number: number) => Change,
): Promise<{ readonly incident: Incident; readonly created: boolean }> {
  const own: IncidentId[] = [];
  const { incident, committed, created } = await deps.database.transact(
    async (client) => {
      const known = await client.query<{ projection: Incident; own: boolean }>(
        'select projection, id = any ($2::text[]) as own from belay.incident where held_fingerprint = $1 or id = any ($2::text[]) order by own desc limit 1',
        [fingerprint, own],
      );
      const holder = known.rows[0];
      // An id of ours that is there: an earlier try of this very call was committed after all.
      if (holder !== undefined) return { incident: holder.projection, committed: null, created: holder.own };
      const number = (await client.query<{ number: number }>(`select nextval('belay.incident_number')::int as number`)).rows[0]?.number;
      assert(number !== undefined, 'the sequence of incident numbers gave none');
      const change = build(number);
      const replayed = await client.query<{ projection: Incident }>(
        'select projection from belay.incident where fingerprint = $1 and declare_key = $2',
        [fingerprint, change.key],
      );
      if (replayed.rows[0] !== undefined) return { incident: replayed.rows[0].projection, committed: null, created: false };
      const id = incidentId(number);
      own.push(id);
      const now = deps.time.now();
      const sealed = sealChange(change, { id, before: null, now, digest: deps.digest });
      assert(sealed.incident.number === number, `${id} was declared with the number ${sealed.incident.number}`);
      const heldFingerprint = isOpen(sealed.incident) ? fingerprint : null;
      return {
        incident: sealed.incident,
        committed: await insertIncident(client, { change, sealed, heldFingerprint, now, fingerprint }),
        created: true,
      };
    },
    { fence: fenceOf(deps.digest, `declare/${fingerprint}`) },
  );
  if (committed !== null) deps.changes.announce(committed);
  return { incident, created };
}
