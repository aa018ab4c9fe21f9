-- Absolute instants that outlive any process. Setting a timer again moves it.
create table belay.timer (
  incident text not null references belay.incident (id),
  id text not null,
  at double precision not null,
  kind text not null,
  data json not null,
  primary key (incident, id)
);
create index timer_due on belay.timer (at);
