-- What the smoke test after each deploy of a target said.
create table belay.release_smoke (
  target text not null,
  release text not null,
  since double precision not null,
  at double precision not null,
  result text not null,
  why text not null,
  primary key (target, release, since)
);
