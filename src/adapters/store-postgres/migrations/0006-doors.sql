-- The store's place of the pause switch (at most one row), and answers kept for repeated requests.
create table belay.pause (
  only_row boolean primary key default true check (only_row),
  who text not null,
  reason text not null,
  at double precision not null
);

create table belay.idempotency (
  key text not null,
  route text not null,
  status integer not null,
  body json not null,
  at double precision not null,
  primary key (key, route)
);
create index idempotency_age on belay.idempotency (at);
