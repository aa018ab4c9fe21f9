-- Content-addressed values: compiled runbooks, plans.
create table belay.document (
  hash text primary key,
  body json not null
);
