-- Which release of a target was live from when on; the next row of the target says until when.
create table belay.release_live (
  target text not null,
  at double precision not null,
  release text not null,
  primary key (target, at)
);
