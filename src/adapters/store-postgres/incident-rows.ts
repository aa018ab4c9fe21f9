// What a change writes: sealed events, the projection, timers and deliveries, all in the caller's transaction. One statement.
import { assert } from '../../domain/assert.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Event } from '../../domain/event.ts';
import { EMPTY_LOG, type LogHead, sealEvents } from '../../domain/event-seal.ts';
import type { Incident } from '../../domain/incident.ts';
import { foldIncident, isOpen, lastDoneAt } from '../../domain/incident-fold.ts';
import type { Instant } from '../../domain/json.ts';
import type { Digest } from '../../ports/digest.ts';
import type { Change } from '../../ports/incident-store.ts';
import type { Committed } from './changes.ts';
import type { Client } from './connection.ts';
import { codeOf } from './store-errors.ts';

export interface Sealed {
  readonly events: readonly Event[];
  readonly incident: Incident;
}

/** Pure: the events of the change after `before`, and what they add up to. */
export function sealChange(
  change: Change,
  o: { readonly id: string; readonly before: Incident | null; readonly now: Instant; readonly digest: Digest },
): Sealed {
  const after: LogHead = o.before ?? EMPTY_LOG;
  const events = sealEvents(change.events, { incident: o.id, after, now: o.now, hashOf: (value) => o.digest.of(value) });
  const folded = events.reduce<Incident | null>(foldIncident, o.before);
  // Through JSON, so that the caller sees what every later reader will see.
  return { events, incident: JSON.parse(JSON.stringify(folded)) as Incident };
}

const STAMP = 'extract(epoch from changed_at)::text as stamp';
const EVENTS = `insert into belay.event (incident, seq, type, at, prev, hash, body)
  select $1, seq, type, at, prev, hash, body::json
  from unnest($2::int[], $3::text[], $4::float8[], $5::text[], $6::text[], $7::text[]) as e (seq, type, at, prev, hash, body)`;
const CHANGE = `insert into belay.change (incident, key, last_seq) values ($1, $8, $9)`;

const UPDATE = `with written as (${EVENTS}), marked as (${CHANGE})
  update belay.incident set severity = $10, phase = $11, open = $12, held_fingerprint = $13, seq = $9, head = $14, projection = $15, run_lock = $16, trigger = $17, orgs = $18, run = $19, done_at = $20, changed_at = clock_timestamp()
  where id = $1 returning ${STAMP}`;
const INSERT = `with written as (${EVENTS}), marked as (${CHANGE})
  insert into belay.incident (id, number, kind, severity, phase, open, fingerprint, held_fingerprint, declare_key, seq, head, projection, run_lock, trigger, orgs, run, done_at)
  values ($1, $21, $22, $10, $11, $12, $23, $13, $8, $9, $14, $15, $16, $17, $18, $19, $20) returning ${STAMP}`;

export interface Writing {
  readonly change: Change;
  readonly sealed: Sealed;
  /** Null: the incident is not open, or another one holds it. */
  readonly heldFingerprint: string | null;
  readonly now: Instant;
}

export async function insertIncident(client: Client, writing: Writing & { readonly fingerprint: string }): Promise<Committed> {
  const { incident } = writing.sealed;
  return write(client, writing, {
    statement: INSERT,
    values: [...commonValues(writing), incident.number, incident.kind, writing.fingerprint],
  });
}

export async function updateIncident(client: Client, writing: Writing): Promise<Committed> {
  return write(client, writing, { statement: UPDATE, values: commonValues(writing) });
}

/** What to announce once the transaction is committed. */
async function write(client: Client, writing: Writing, o: { readonly statement: string; readonly values: unknown[] }): Promise<Committed> {
  const { rows } = await client.query<{ stamp: string }>(o.statement, o.values).catch((error: unknown) => {
    throw asLockHeld(error, writing.sealed.incident) ?? error;
  });
  await writeRest(client, writing);
  const stamp = rows[0]?.stamp;
  assert(rows.length === 1 && stamp !== undefined, `${writing.sealed.incident.id} was not written`);
  return { id: writing.sealed.incident.id, stamp };
}

/** Another incident's run holds what this one would take. */
function asLockHeld(error: unknown, { lock }: Incident): BelayError | null {
  const isTaken = codeOf(error) === '23505' && (error as { readonly constraint?: unknown }).constraint === 'incident_run_lock';
  return isTaken
    ? new BelayError('BELAY_LOCK_HELD', `another run holds ${lock ?? ''}`, { hint: 'It begins when that one ends: belay status' })
    : null;
}

function commonValues({ change, sealed, heldFingerprint }: Writing): unknown[] {
  const { events, incident } = sealed;
  return [
    incident.id,
    events.map((event) => event.seq),
    events.map((event) => event.type),
    events.map((event) => event.at),
    events.map((event) => event.prev),
    events.map((event) => event.hash),
    events.map((event) => JSON.stringify(event)),
    change.key,
    incident.seq,
    incident.severity,
    incident.phase,
    isOpen(incident),
    heldFingerprint,
    incident.head,
    JSON.stringify(incident),
    incident.lock ?? null,
    incident.trigger,
    incident.scope.orgs === 'all' ? null : incident.scope.orgs,
    incident.run,
    lastDoneAt(incident),
  ];
}

async function writeRest(client: Client, { change, sealed, now }: Writing): Promise<void> {
  const incident = sealed.incident.id;
  if (change.clearTimers !== undefined && change.clearTimers.length > 0) {
    await client.query('delete from belay.timer where incident = $1 and id = any ($2::text[])', [incident, change.clearTimers]);
  }
  for (const timer of change.setTimers ?? []) {
    await client.query(
      `insert into belay.timer (incident, id, at, kind, data) values ($1, $2, $3, $4, $5)
       on conflict (incident, id) do update set at = excluded.at, kind = excluded.kind, data = excluded.data`,
      [incident, timer.id, timer.at, timer.kind, JSON.stringify(timer.data)],
    );
  }
  const drafts = change.deliveries ?? [];
  if (drafts.length > 0) {
    await client.query(
      `insert into belay.delivery (id, incident, channel, recipient, exempt, draft, state, planned_at, due_at)
       select d.id, $1, d.channel, d.recipient, d.exempt, d.draft::json, 'planned', $7, $7
       from unnest($2::text[], $3::text[], $4::text[], $5::boolean[], $6::text[]) with ordinality as d (id, channel, recipient, exempt, draft, place)
       order by place on conflict (id) do nothing`,
      // What a draft holds is not read by the store: it may quote a stranger's characters that no text can hold.
      [
        incident,
        drafts.map((draft) => draft.id),
        drafts.map((draft) => draft.channel),
        drafts.map((draft) => draft.to),
        drafts.map((draft) => draft.exempt),
        drafts.map((draft) => JSON.stringify(draft)),
        now,
      ],
    );
  }
}
