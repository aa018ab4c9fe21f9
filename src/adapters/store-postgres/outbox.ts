// The outbox in Postgres: claims that two processes never share, and moves that write their event in the same transaction.
// It sends nothing and decides nothing.
import { mayMove } from '../../domain/delivery.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Instant } from '../../domain/json.ts';
import type { Delivery, DeliveryState } from '../../domain/message.ts';
import { storable } from '../../domain/storable.ts';
import type { DeliveryFacts, Outbox } from '../../ports/outbox.ts';
import type { Committed } from './changes.ts';
import type { Client } from './connection.ts';
import { DELIVERY_COLUMNS, type DeliveryRow, toDelivery } from './delivery-rows.ts';
import { fenceOf } from './fence.ts';
import { applyChange, type IncidentDeps, lockIncident } from './incidents.ts';
import { ALIVE_LOCK, type Session } from './session.ts';

export interface OutboxDeps extends IncidentDeps {
  readonly session: Session;
}

const SELECT = `select ${DELIVERY_COLUMNS} from belay.delivery`;

export function createOutbox(deps: OutboxDeps): Outbox {
  const { database } = deps;
  return {
    claim: (now, options) => claim(deps, now, options),
    expire: (now) => expire(deps, now),
    ambiguous: async (before) => {
      const where = `where state = 'ambiguous' and greatest(deadline, due_at) <= $1`;
      return (await database.query<DeliveryRow>(`${SELECT} ${where} order by planned_order`, [before])).map(toDelivery);
    },
    // A receiver's own words may hold what no text can: a message whose end cannot be noted would be sent again.
    move: (id, to, facts) => move(deps, id, { to, facts: noted(facts) }),
    ofIncident: async (incident) =>
      (await database.query<DeliveryRow>(`${SELECT} where incident = $1 order by planned_order`, [incident])).map(toDelivery),
    countSince: async (channel, to, since) => {
      const [row] = await database.query<{ n: number }>(
        `select count(*)::int as n from belay.delivery where channel = $1 and recipient = $2 and attempted_at >= $3
         and not exempt and state in ('sent', 'delivered', 'ambiguous')`,
        [channel, to, since],
      );
      return row?.n ?? 0;
    },
  } satisfies Outbox;
}

function noted({ reason, providerId, ...facts }: DeliveryFacts): DeliveryFacts {
  return {
    ...facts,
    ...(reason === undefined ? {} : { reason: storable(reason) }),
    ...(providerId === undefined ? {} : { providerId: storable(providerId) }),
  };
}

/** $2: channels left alone. What was never tried comes first: receivers that refuse again and again hold up nobody. */
const DUE = `state = 'planned' and due_at <= $1 and channel <> all($2::text[])`;
const CLAIM = `with due as (
    select id from belay.delivery where ${DUE} order by (attempt > 0), due_at, planned_order limit $6 for update skip locked
  ), claimed as (
    update belay.delivery d set state = 'sending', attempt = d.attempt + 1, deadline = $3, attempted_at = $1, claimed_by = $4, claim = $5, reason = null
    from due where d.id = due.id returning d.*
  )
  select ${DELIVERY_COLUMNS} from claimed order by (attempt > 1), due_at, planned_order`;

async function claim(
  deps: OutboxDeps,
  now: Instant,
  o: { readonly limit: number; readonly deadline: Instant; readonly except?: readonly string[] },
): Promise<readonly Delivery[]> {
  const except = o.except ?? [];
  const due = await deps.database.query(`select 1 from belay.delivery where ${DUE} limit 1`, [now, except]);
  if (due.length === 0) return [];
  const self = await deps.session.alive();
  const name = deps.time.uuid();
  let tries = 0;
  const rows = await deps.database.transact(
    async (client) => {
      tries += 1;
      // A claim whose commit was not answered may have been made: those rows are ours, and nobody else would ever send them.
      const before =
        tries === 1
          ? []
          : (await client.query<DeliveryRow>(`${SELECT} where claim = $1 and state = 'sending' order by due_at, planned_order`, [name]))
              .rows;
      return before.length > 0 ? before : (await client.query<DeliveryRow>(CLAIM, [now, except, o.deadline, self, name, o.limit])).rows;
    },
    { fence: fenceOf(deps.digest, `claim/${name}`) },
  );
  return rows.map(toDelivery);
}

// A claimer is dead when no session holds the lock of its number.
const LOST = `state = 'sending' and (deadline <= $1 or not exists (
    select 1 from pg_locks l where l.locktype = 'advisory' and l.classid = ${ALIVE_LOCK} and l.objid = claimed_by::oid and l.objsubid = 2 and l.granted
      and l.database = (select oid from pg_database where datname = current_database())))`;

async function expire(deps: OutboxDeps, now: Instant): Promise<readonly Delivery[]> {
  const lost = await deps.database.query<{ id: string; incident: string; attempt: number; deadline: number }>(
    `select id, incident, attempt, deadline from belay.delivery where ${LOST} order by planned_order`,
    [now],
  );
  const moved: Delivery[] = [];
  for (const one of lost) {
    const facts = { at: now, attempt: one.attempt, reason: one.deadline <= now ? 'deadline' : 'process-lost' };
    const delivery = await moveOne(deps, one, { to: 'ambiguous', facts, only: 'sending' });
    if (delivery !== null) moved.push(delivery);
  }
  return moved;
}

interface Move {
  readonly to: DeliveryState;
  readonly facts: DeliveryFacts;
  /** Moved only from this state; otherwise left alone in silence. */
  readonly only?: DeliveryState;
}

async function move(deps: OutboxDeps, id: string, o: Move): Promise<void> {
  const [row] = await deps.database.query<{ incident: string; attempt: number }>(
    'select incident, attempt from belay.delivery where id = $1',
    [id],
  );
  if (row === undefined) throw new BelayError('BELAY_NOT_FOUND', `there is no delivery ${id}`);
  await moveOne(deps, { id, incident: row.incident, attempt: o.facts.attempt ?? row.attempt }, o);
}

/** The attempt is part of the key: repeated after a lost answer it finds its own commit, even when the delivery has moved on. */
async function moveOne(
  deps: OutboxDeps,
  at: { readonly id: string; readonly incident: string; readonly attempt: number },
  o: Move,
): Promise<Delivery | null> {
  const { delivery, committed } = await deps.database.transact((client) => moveLocked(client, deps, { ...at, ...o }));
  if (committed !== null) deps.changes.announce(committed);
  return delivery;
}

async function moveLocked(
  client: Client,
  deps: OutboxDeps,
  o: Move & { readonly id: string; readonly incident: string; readonly attempt: number },
): Promise<{ readonly delivery: Delivery | null; readonly committed: Committed | null }> {
  const key = `delivery/${o.id}/${o.attempt}/${o.to}`;
  // Incident first, then delivery: the order in which every writer takes its locks.
  const locked = await lockIncident(client, o.incident, key);
  const before = (await client.query<DeliveryRow>(`${SELECT} where id = $1 for update`, [o.id])).rows[0];
  if (before === undefined) throw new BelayError('BELAY_NOT_FOUND', `there is no delivery ${o.id}`);
  if (locked.isKnown) return { delivery: toDelivery(before), committed: null };
  if (o.only !== undefined && (before.state !== o.only || before.attempt !== o.attempt)) return { delivery: null, committed: null };
  if (before.attempt !== o.attempt) throw conflict(before, o.to);
  if (before.state === o.to) return { delivery: toDelivery(before), committed: null };
  // Only a claim has a deadline to give.
  if (o.to === 'sending' || !mayMove(before.state, o.to)) throw conflict(before, o.to);
  const after = await writeMove(client, o);
  const { committed } = await applyChange(client, deps, { locked, change: changeOf(key, o) });
  return { delivery: after, committed };
}

async function writeMove(client: Client, o: Move & { readonly id: string }): Promise<Delivery> {
  const isOver = !['planned', 'ambiguous'].includes(o.to);
  const { rows } = await client.query<DeliveryRow>(
    `update belay.delivery set state = $2, claimed_by = null, claim = null, provider_id = coalesce($3, provider_id), reason = $4,
       resent = coalesce($5, resent), due_at = coalesce($6, case when $2 = 'planned' then $7 else due_at end),
       deadline = case when $2 = 'ambiguous' then deadline end, ended_at = case when $8 then $7::float8 end
     where id = $1 returning ${DELIVERY_COLUMNS}`,
    [o.id, o.to, o.facts.providerId ?? null, o.facts.reason ?? null, o.facts.resent ?? null, o.facts.dueAt ?? null, o.facts.at, isOver],
  );
  return toDelivery(rows[0] as DeliveryRow);
}

function changeOf(key: string, o: Move & { readonly id: string }) {
  const data = { delivery: o.id, state: o.to, providerId: o.facts.providerId ?? null, reason: o.facts.reason ?? '' };
  return { key, events: [{ type: 'comms.changed' as const, data, at: o.facts.at, actor: { kind: 'engine' as const, id: 'belay' } }] };
}

function conflict(row: DeliveryRow, to: DeliveryState): BelayError {
  return new BelayError('BELAY_TARGET_CONFLICT', `${row.id} is ${row.state} (attempt ${row.attempt}) and cannot become ${to}`, {
    hint: 'Another process has moved it; read it again.',
  });
}
