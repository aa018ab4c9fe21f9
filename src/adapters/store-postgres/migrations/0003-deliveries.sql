-- One message to one recipient on one channel. The automaton stands in the checks, whatever program writes here.
create table belay.delivery (
  id text primary key,
  planned_order bigint generated always as identity,
  incident text not null references belay.incident (id),
  channel text not null,
  recipient text not null,
  exempt boolean not null,
  draft json not null,
  state text not null check (state in ('planned', 'sending', 'sent', 'delivered', 'ambiguous', 'superseded', 'suppressed', 'failed')),
  attempt integer not null default 0 check (attempt >= 0),
  planned_at double precision not null,
  due_at double precision not null,
  deadline double precision,
  attempted_at double precision,
  claimed_by integer,
  claim text,
  provider_id text,
  reason text,
  resent boolean not null default false,
  ended_at double precision,
  constraint only_sending_is_claimed check ((state = 'sending') = (claimed_by is not null)),
  constraint sending_has_a_deadline check (state not in ('sending', 'ambiguous') or deadline is not null),
  constraint planned_has_no_deadline check (state <> 'planned' or deadline is null),
  constraint planned_has_no_end check ((state in ('planned', 'sending', 'ambiguous')) = (ended_at is null)),
  constraint sent_was_attempted check (state not in ('sending', 'ambiguous', 'sent', 'delivered') or (attempt > 0 and attempted_at is not null))
);
create index delivery_due on belay.delivery (due_at, planned_order) where state = 'planned';
create index delivery_sending on belay.delivery (deadline) where state = 'sending';
create index delivery_ambiguous on belay.delivery (due_at) where state = 'ambiguous';
create index delivery_of_incident on belay.delivery (incident, planned_order);
create index delivery_recipient on belay.delivery (channel, recipient, attempted_at);
create index delivery_claim on belay.delivery (claim) where claim is not null;

-- Which process claimed: its number, locked by its session for as long as it lives.
create sequence belay.process_number as integer cycle;
