-- Events of senders that were counted, by their own ids: what is delivered twice is counted once.
create table belay.signal_event (
  source text not null,
  id text not null,
  at double precision not null,
  primary key (source, id)
) with (autovacuum_vacuum_scale_factor = 0.05);
create index signal_event_age on belay.signal_event (at);
