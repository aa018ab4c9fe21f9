-- Nothing new is put live in these scopes until they are thawed.
create table belay.freeze (
  scope text primary key,
  at double precision not null,
  body json not null
);
