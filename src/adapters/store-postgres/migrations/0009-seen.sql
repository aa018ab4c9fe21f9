-- Different values of a label (users, phones) by the slot in which each was last seen: digests, never the values.
create table belay.seen (
  signal text not null,
  scope text not null,
  digest double precision not null,
  slot double precision not null,
  depth integer not null,
  primary key (signal, scope, digest)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
create index seen_age on belay.seen (slot);
