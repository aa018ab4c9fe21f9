-- What was proved of ways back, on copies. Rows are inserted, never updated and never deleted.
create table belay.certificate (
  seq bigint generated always as identity primary key,
  id text not null unique,
  database text not null,
  at double precision not null,
  body json not null
);
create index certificate_database on belay.certificate (database, seq);
