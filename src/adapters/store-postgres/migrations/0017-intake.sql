-- Messages in front of webhooks. `state`: 0 waits, 1 was delivered (its content is gone), 2 is set aside.
-- `tried_at` is there while the answer to a try is not known.
create table belay.intake (
  seq bigint generated always as identity primary key,
  intake text not null,
  line text not null,
  id text not null,
  at double precision not null,
  method text not null,
  rest text not null,
  headers json not null,
  body bytea not null,
  state smallint not null default 0,
  tries integer not null default 0,
  tried_at double precision,
  done_at double precision,
  said text not null default '',
  unique (intake, line, id)
);
create index intake_waiting on belay.intake (intake, line, seq) where state = 0;
create index intake_done on belay.intake (intake, done_at) where state = 1;
create table belay.intake_count (
  intake text not null,
  line text not null,
  received bigint not null default 0,
  delivered bigint not null default 0,
  aside bigint not null default 0,
  primary key (intake, line)
);
-- `line` is * for all of them.
create table belay.intake_hold (
  intake text not null,
  line text not null,
  by text not null,
  at double precision not null,
  primary key (intake, line)
);
