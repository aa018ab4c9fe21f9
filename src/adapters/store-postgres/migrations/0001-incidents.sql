-- The append-only log of each incident, its projection, and the keys of the changes already made.
-- Instants are milliseconds since 1970 as the domain has them. Bodies are `json`, not `jsonb`: kept byte for byte, as hashed.
create sequence belay.incident_number as integer;

create table belay.incident (
  id text primary key,
  number integer not null unique check (number > 0),
  kind text not null check (kind in ('real', 'drill', 'test')),
  severity text not null,
  phase text not null check (phase in ('triage', 'responding', 'mitigated', 'watching', 'resolved', 'closed', 'cancelled', 'merged')),
  open boolean not null check (open = (phase in ('triage', 'responding', 'mitigated', 'watching'))),
  fingerprint text not null,
  -- Unique while open; a closed incident holds none. A re-opened one holds none when another took it in between.
  held_fingerprint text check (held_fingerprint is null or (open and held_fingerprint = fingerprint)),
  declare_key text not null,
  seq integer not null check (seq > 0),
  head text not null check (length(head) = 64),
  projection json not null,
  changed_at timestamptz not null default clock_timestamp()
);
create unique index incident_fingerprint on belay.incident (held_fingerprint) where held_fingerprint is not null;
create unique index incident_declared on belay.incident (fingerprint, declare_key);
create index incident_open on belay.incident (number desc) where open;
create index incident_changed on belay.incident (changed_at);

create table belay.event (
  incident text not null references belay.incident (id),
  seq integer not null check (seq > 0),
  type text not null,
  at double precision not null,
  prev text not null check (length(prev) = 64),
  hash text not null check (length(hash) = 64),
  body json not null,
  primary key (incident, seq),
  check ((seq = 1) = (prev = repeat('0', 64))),
  check ((seq = 1) = (type = 'incident.declared'))
);
create index event_type on belay.event (type, at);

create table belay.change (
  incident text not null references belay.incident (id),
  key text not null,
  last_seq integer not null,
  made_at timestamptz not null default now(),
  primary key (incident, key)
);

create function belay.refuse_rewrite() returns trigger language plpgsql as $$
begin
  raise exception 'belay.% is append-only', tg_table_name using errcode = 'restrict_violation';
end
$$;
create trigger event_is_append_only before update or delete or truncate on belay.event
  for each statement execute function belay.refuse_rewrite();
