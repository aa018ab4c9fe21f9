-- Detection: sparse slots of counts (inserted by slot, deleted by time), last values of counters, states, transitions.
-- Never UNLOGGED: Postgres empties such tables after a crash.
create table belay.slot (
  slot double precision not null,
  signal text not null,
  scope text not null,
  bad double precision not null,
  total double precision not null,
  sum double precision not null,
  primary key (slot, signal, scope)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);

create table belay.series (
  source text not null,
  series text not null,
  total double precision not null,
  at double precision not null,
  primary key (source, series)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

create table belay.trigger_state (
  trigger text not null,
  scope text not null,
  state json not null,
  primary key (trigger, scope)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

create table belay.trigger_transition (
  id bigint generated always as identity primary key,
  key text not null unique,
  trigger text not null,
  scope text not null,
  at double precision not null,
  body json not null,
  answered_at timestamptz
);
create index transition_unanswered on belay.trigger_transition (id) where answered_at is null;
create index transition_history on belay.trigger_transition (trigger, scope, at);

-- Commits whose answer may have been lost on the way: read back by id, never assumed.
create table belay.signal_commit (
  id text primary key,
  made_at timestamptz not null default now()
);
create index signal_commit_age on belay.signal_commit (made_at);
